/* A blob on its way, and messages behind it, while the n-th allocation fails, for every n: what
 * arrives arrives whole and in order, each socket ends once, and nothing is left behind. */
#include "support/fault_alloc.h"
#include "support/secure.h"
#include "weft/weft.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { BLOB_BYTES = 700000, TURNS_MAX = 5000 };

struct talk {
    weft_blob *blob;
    weft_socket *served; /* Of the server's, while it lives. */
    int message_count;
    int open_count, served_close_count, client_close_count;
    bool has_all;
};

static void served_open(weft_socket *socket, void *user)
{
    struct talk *talk = user;
    talk->served = socket;
    talk->open_count++;
}

static void served_message(weft_socket *socket, const struct weft_message_event *message,
                           void *user)
{
    struct talk *talk = user;
    talk->message_count++;
    if (talk->message_count == 1) {
        assert_int_equal(weft_blob_bytes(message->blob), BLOB_BYTES);
        assert_null(message->data);
    } else {
        assert_int_equal(talk->message_count, 2);
        assert_int_equal(message->bytes, 6);
        assert_memory_equal(message->data, "behind", 6);
        talk->has_all = true;
    }
    (void)socket;
}

static void served_close(weft_socket *socket, const struct weft_close_event *event, void *user)
{
    struct talk *talk = user;
    (void)socket, (void)event;
    talk->served = NULL;
    talk->served_close_count++;
}

static void client_open(weft_socket *socket, void *user)
{
    struct talk *talk = user;
    weft_status status = weft_socket_send_blob(socket, talk->blob);
    if (!status)
        status = weft_socket_send_text(socket, "behind", 6);
    assert_true(status == WEFT_OK || status == WEFT_ERR_MEMORY);
    /* Without memory for a Close frame close() ends the connection all the same, or may be asked
     * again. */
    for (int i = 0; i < 2; i++)
        if (weft_socket_close(socket, 1000, NULL) == WEFT_OK)
            break;
}

static void client_close(weft_socket *socket, const struct weft_close_event *event, void *user)
{
    struct talk *talk = user;
    (void)socket, (void)event;
    talk->client_close_count++;
}

/* True: the talk began. */
static bool begin(weft_loop *loop, struct talk *talk, weft_server **server_out)
{
    char address[64], url[96];
    struct weft_route route = {
        .settings = { .binary_type = WEFT_BLOB, .blob_spool_bytes = 1000, .close_timeout_ms = 500 },
        .events = { .on_open = served_open,
                    .on_message = served_message,
                    .on_close = served_close },
        .user = talk
    };
    struct weft_connect_options options = {
        .settings = { .handshake_timeout_ms = 500, .close_timeout_ms = 500 },
        .events = { .on_open = client_open, .on_close = client_close },
        .user = talk
    };
    if (weft_server_create(loop, NULL, server_out) ||
        secure_listen(*server_out, "127.0.0.1:0", address, sizeof address) ||
        weft_server_route(*server_out, "/", &route))
        return false;
    snprintf(url, sizeof url, "%s://%s/", secure_scheme(), address);
    return weft_socket_connect(loop, url, &options, NULL) == WEFT_OK;
}

static void converse(const struct weft_allocator *allocator, struct talk *talk)
{
    struct weft_loop_options options = { .allocator = allocator };
    weft_loop *loop = NULL;
    weft_server *server = NULL;
    if (weft_loop_create(&options, &loop))
        return;
    if (begin(loop, talk, &server)) {
        for (int i = 0; i < TURNS_MAX && !(talk->client_close_count && !talk->served); i++)
            assert_int_equal(weft_loop_turn(loop, 10), WEFT_OK);
        assert_int_equal(talk->client_close_count, 1);
    }
    weft_server_destroy(server);
    weft_loop_destroy(loop);
    assert_int_equal(talk->served_close_count >= talk->open_count, 1);
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    struct talk talk = { 0 };
    assert_non_null(file);
    assert_int_equal(ftruncate(fileno(file), BLOB_BYTES), 0);
    assert_int_equal(weft_blob_from_fd(fileno(file), 0, WEFT_BLOB_TO_END, &talk.blob), WEFT_OK);
    fclose(file);
    bool failed = true;
    size_t n;
    for (n = 1; failed; n++) {
        struct fault_alloc fault;
        talk = (struct talk){ .blob = talk.blob };
        fault_alloc_init(&fault, n);
        converse(&fault.allocator, &talk);
        failed = fault.failed;
        assert_int_equal(fault.live_count, 0);
        assert_int_equal(fault.live_bytes, 0);
    }
    assert_true(talk.has_all); /* The last time nothing failed. */
    assert_true(n > 20);
    weft_blob_release(talk.blob);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(any_allocation_may_fail) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
