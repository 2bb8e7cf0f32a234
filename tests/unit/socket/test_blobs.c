/* Blobs on their way out: what becomes of one that finds no room, or ends too early. */
#include "unit/socket/pair.h"

#include <pthread.h>
#include <sys/mman.h>

static uint8_t large[60000];

enum { FILE_BYTES = 1 << 20 };

static weft_blob *file_blob(int *fd_out)
{
    weft_blob *blob = NULL;
    *fd_out = memfd_create("blob", MFD_CLOEXEC);
    assert_true(*fd_out >= 0);
    assert_int_equal(ftruncate(*fd_out, FILE_BYTES), 0);
    assert_int_equal(weft_blob_from_fd(*fd_out, 0, FILE_BYTES, &blob), WEFT_OK);
    return blob;
}

/* The queue is full, and not of what may be dropped. */
static void fill(struct pair *pair)
{
    weft_status status = WEFT_OK;
    for (int i = 0; i < 10 && !status; i++)
        status = weft_socket_send_bytes(pair->socket, large, sizeof large);
    for (int i = 0; i < 60000 && status != WEFT_ERR_FULL; i++)
        status = weft_socket_send_bytes(pair->socket, large, 100);
    while (!weft_socket_send_bytes(pair->socket, NULL, 0))
        ;
}

struct sender {
    weft_socket *socket;
    weft_blob *blob;
    weft_status status;
};

static void *send_it(void *argument)
{
    struct sender *sender = argument;
    sender->status = weft_socket_send_blob(sender->socket, sender->blob);
    return NULL;
}

static void one_that_is_dropped_is_counted(void **state)
{
    (void)state;
    for (int afar = 0; afar < 2; afar++) {
        struct pair pair = { 0 };
        int fd;
        weft_blob *blob = file_blob(&fd);
        struct weft_socket_settings settings = { .send_bytes_max = 100000,
                                                 .send_policy = WEFT_SEND_DROP_NEW };
        pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
        pair_open(&pair);
        fill(&pair);
        uint64_t dropped = weft_socket_dropped(pair.socket);
        uint64_t amount = weft_socket_buffered_amount(pair.socket);
        struct sender sender = { pair.socket, blob, WEFT_OK };
        pthread_t thread;
        if (afar) {
            assert_int_equal(pthread_create(&thread, NULL, send_it, &sender), 0);
            assert_int_equal(pthread_join(thread, NULL), 0);
            assert_int_equal(sender.status, WEFT_OK);
            assert_int_equal(weft_socket_buffered_amount(pair.socket), amount + FILE_BYTES);
            pair_until(&pair, weft_socket_buffered_amount(pair.socket) < FILE_BYTES);
        } else {
            send_it(&sender);
            assert_int_equal(sender.status, WEFT_ERR_FULL);
            assert_int_equal(weft_socket_buffered_amount(pair.socket), amount);
        }
        assert_int_equal(weft_socket_dropped(pair.socket), dropped + 1);
        weft_blob_release(blob);
        close(fd);
        pair_end(&pair);
    }
}

static void one_that_ends_too_early_ends_a_paused_socket(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    int fd;
    weft_blob *blob = file_blob(&fd);
    struct weft_socket_settings settings = { .ping_off = true };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
    pair_open(&pair);
    assert_int_equal(weft_socket_send_blob(pair.socket, blob), WEFT_OK);
    weft_socket_pause(pair.socket);
    pair_turn(&pair);
    assert_int_equal(ftruncate(fd, 10), 0);
    pair_until(&pair, (pair_read(&pair), weft_socket_ready_state(pair.socket) != WEFT_OPEN));
    /* What is sent from now on is dropped: no other failure comes first. */
    struct sender sender = { pair.socket, blob, WEFT_OK };
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, send_it, &sender), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(weft_socket_send_bytes(pair.socket, "x", 1), WEFT_OK);
    pair_until(&pair, (pair_read(&pair), pair.peer_has_end));
    pair_close_peer(&pair);
    pair_until(&pair, pair.close_count);
    assert_string_equal(pair.line, "error:storage close:1006/unclean ");
    assert_int_equal(pair.failure.close_code, 1011);
    weft_blob_release(blob);
    close(fd);
    pair_end(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_is_dropped_is_counted),
        cmocka_unit_test(one_that_ends_too_early_ends_a_paused_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
