/* binaryType: what comes as bytes and what as a blob, in memory or in a file, over real sockets. */
#include "support/sanitized.h"
#include "support/secure.h"
#include "support/world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const enum weft_backend backends[] = { WEFT_BACKEND_EPOLL, WEFT_BACKEND_POLL };

enum { SPOOL = 100000 };

static unsigned char byte_at(uint64_t at)
{
    return (unsigned char)(at * 31 + at / 509);
}

static weft_blob *pattern_blob(size_t bytes, bool in_file)
{
    weft_blob *blob;
    unsigned char *data = malloc(bytes + 1);
    assert_non_null(data);
    for (size_t at = 0; at < bytes; at++)
        data[at] = byte_at(at);
    if (in_file) {
        FILE *file = tmpfile();
        assert_non_null(file);
        assert_int_equal(fwrite(data, 1, bytes, file), bytes);
        assert_int_equal(fflush(file), 0);
        assert_int_equal(weft_blob_from_fd(fileno(file), 0, WEFT_BLOB_TO_END, &blob), WEFT_OK);
        fclose(file);
    } else {
        assert_int_equal(weft_blob_create_copy(data, bytes, &blob), WEFT_OK);
    }
    free(data);
    return blob;
}

static void check_pattern(const weft_blob *blob)
{
    unsigned char piece[10007];
    size_t count;
    for (uint64_t at = 0; at < weft_blob_bytes(blob); at += count) {
        assert_int_equal(weft_blob_read(blob, at, piece, sizeof piece, &count), WEFT_OK);
        assert_true(count > 0);
        for (size_t i = 0; i < count; i++)
            if (piece[i] != byte_at(at + i))
                fail_msg("byte %zu is another", (size_t)at + i);
    }
}

static int open_count(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

/* ---- the type at the time of the event ---- */

static weft_blob *kept;

static void switch_and_keep(weft_socket *socket, const struct weft_message_event *message,
                            struct record *record)
{
    if (record->message_count == 1) {
        assert_int_equal(weft_socket_binary_type(socket), WEFT_ARRAYBUFFER);
        assert_null(message->blob);
        assert_memory_equal(message->data, "one", 3);
        weft_socket_set_binary_type(socket, WEFT_BLOB);
        weft_socket_set_binary_type(socket, (enum weft_binary_type)2); /* Changes nothing. */
        assert_int_equal(weft_socket_binary_type(socket), WEFT_BLOB);
    } else if (record->message_count == 2) {
        assert_int_equal(message->bytes, 3);
        assert_ptr_equal(message->data, weft_blob_data(message->blob));
        assert_memory_equal(message->data, "two", 3);
        kept = weft_blob_retain(message->blob);
    } else if (record->message_count == 3) {
        assert_int_equal(message->type, WEFT_TEXT);
        assert_null(message->blob);
        weft_socket_set_binary_type(socket, WEFT_ARRAYBUFFER);
    } else {
        assert_null(message->blob);
        assert_memory_equal(message->data, "four", 4);
    }
}

static void the_type_at_the_time_of_the_event_decides(void **state)
{
    (void)state;
    struct world world;
    struct record server = { 0 }, client = { .on_message = switch_and_keep };
    world_start(&world, WEFT_BACKEND_DEFAULT);
    world_route(&world, "/", &server, NULL);
    weft_socket *socket = world_connect(&world, "/", &client, NULL);
    world_until(&world, server.socket && client.socket);
    /* All of them come with one read. */
    assert_int_equal(weft_socket_send_bytes(server.socket, "one", 3), WEFT_OK);
    assert_int_equal(weft_socket_send_bytes(server.socket, "two", 3), WEFT_OK);
    assert_int_equal(weft_socket_send_text(server.socket, "three", 5), WEFT_OK);
    assert_int_equal(weft_socket_send_bytes(server.socket, "four", 4), WEFT_OK);
    world_until(&world, client.message_count == 4);
    assert_string_equal(client.line, "open binary:one binary:two text:three binary:four ");
    weft_socket_release(socket);
    world_end(&world);
    assert_memory_equal(weft_blob_data(kept), "two", 3); /* It outlives the loop. */
    weft_blob_release(kept);
    weft_socket_set_binary_type(NULL, WEFT_BLOB);
    assert_int_equal(weft_socket_binary_type(NULL), WEFT_ARRAYBUFFER);
}

/* ---- there and back ---- */

static size_t expected_bytes;

static void send_back(weft_socket *socket, const struct weft_message_event *message,
                      struct record *record)
{
    (void)record;
    assert_non_null(message->blob);
    assert_int_equal(weft_socket_send_blob(socket, message->blob), WEFT_OK);
}

static void compare(weft_socket *socket, const struct weft_message_event *message,
                    struct record *record)
{
    (void)socket, (void)record;
    assert_int_equal(message->bytes, expected_bytes);
    assert_int_equal(weft_blob_bytes(message->blob), expected_bytes);
    assert_int_equal(message->data != NULL, expected_bytes > 0 && expected_bytes <= SPOOL);
    check_pattern(message->blob);
}

static void blobs_come_back(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0,         1,          125,    SPOOL - 1, SPOOL,
                                    SPOOL + 1, 2 * 262144, 262145, 3000007 };
    int before = open_count();
    for (size_t i = 0; i < 4; i++) {
        bool in_file = i & 1;
        struct world world;
        struct record server = { .quiet = true, .on_message = send_back };
        struct record client = { .quiet = true, .on_message = compare };
        struct weft_socket_settings settings = { .binary_type = WEFT_BLOB,
                                                 .blob_spool_bytes = SPOOL };
        struct weft_connect_options options = { .settings = settings };
        world_start(&world, backends[i / 2]);
        world_route(&world, "/", &server, &settings);
        weft_socket *socket = world_connect(&world, "/", &client, &options);
        world_until(&world, client.socket);
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            weft_blob *blob = pattern_blob(sizes[s], in_file);
            expected_bytes = sizes[s];
            assert_int_equal(weft_socket_send_blob(socket, blob), WEFT_OK);
            weft_blob_release(blob);
            world_until(&world, client.message_count == s + 1);
        }
        weft_socket_release(socket);
        world_end(&world);
    }
    assert_int_equal(open_count(), before);
}

static void a_blob_that_is_too_big_fails_with_1009(void **state)
{
    (void)state;
    struct world world;
    struct record server = { .quiet = true }, client = { .quiet = true };
    struct weft_socket_settings settings = { .binary_type = WEFT_BLOB,
                                             .blob_spool_bytes = 1000,
                                             .limits = { .message_bytes_max = 600000 } };
    int before = open_count();
    world_start(&world, WEFT_BACKEND_DEFAULT);
    world_route(&world, "/", &server, &settings);
    weft_socket *socket = world_connect(&world, "/", &client, NULL);
    world_until(&world, client.socket);
    static const size_t sizes[] = { 600000, 600001 }; /* In three fragments each. */
    for (size_t i = 0; i < 2; i++) {
        weft_blob *blob = pattern_blob(sizes[i], true);
        assert_int_equal(weft_socket_send_blob(socket, blob), WEFT_OK);
        weft_blob_release(blob);
    }
    world_until(&world, client.is_closed && server.is_closed);
    assert_int_equal(server.message_count, 1);
    assert_int_equal(server.message_bytes, 600000);
    assert_string_equal(server.failure.limit_name, "message_bytes_max");
    assert_non_null(strstr(client.line, "close:1009/"));
    weft_socket_release(socket);
    world_end(&world);
    assert_int_equal(open_count(), before);
}

static void a_plain_client_receives_blobs(void **state)
{
    (void)state;
    struct world world;
    struct record server = { .quiet = true };
    struct weft_socket_settings settings = { .binary_type = WEFT_BLOB, .blob_spool_bytes = SPOOL };
    struct weft_connect_options options = { .settings = settings };
    struct weft_message_event message;
    char url[160];
    weft_socket *socket;
    world_start(&world, WEFT_BACKEND_DEFAULT);
    world_route(&world, "/", &server, NULL);
    snprintf(url, sizeof url, "%s/", world.url);
    assert_int_equal(weft_socket_connect(world.loop, url, &options, &socket), WEFT_OK);
    assert_int_equal(weft_socket_wait_open(socket, 5000), WEFT_OK);
    world_until(&world, server.socket);
    weft_blob *blob = pattern_blob(500000, true);
    assert_int_equal(weft_socket_send_blob(server.socket, blob), WEFT_OK);
    weft_blob_release(blob);
    assert_int_equal(weft_socket_send_bytes(server.socket, "small", 5), WEFT_OK);
    assert_int_equal(weft_socket_receive(socket, 5000, &message), WEFT_OK);
    assert_int_equal(message.bytes, 500000);
    assert_null(message.data);
    check_pattern(message.blob);
    assert_int_equal(weft_socket_receive(socket, 5000, &message), WEFT_OK);
    assert_int_equal(message.bytes, 5);
    assert_memory_equal(message.data, "small", 5);
    assert_int_equal(weft_socket_finish(socket), WEFT_OK);
    weft_socket_release(socket);
    world_end(&world);
}

/* ---- no space ---- */

static void no_space_fails_that_connection_alone(void **state)
{
    (void)state;
    struct world world;
    struct record server = { .quiet = true }, other = { .quiet = true }, client = { .quiet = true },
                  second = { .quiet = true };
    struct weft_socket_settings settings = { .binary_type = WEFT_BLOB, .blob_spool_bytes = SPOOL };
    struct rlimit limit;
    int before = open_count();
    world_start(&world, WEFT_BACKEND_DEFAULT);
    world_route(&world, "/", &server, &settings);
    world_route(&world, "/other", &other, &settings);
    weft_socket *socket = world_connect(&world, "/", &client, NULL);
    weft_socket *unharmed = world_connect(&world, "/other", &second, NULL);
    world_until(&world, client.socket && second.socket && server.socket && other.socket);
    weft_blob *blob = pattern_blob(2000000, true);

    /* No file may have more than 1 MB from now on: EFBIG, as when a disk is full. */
    void (*old)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    struct rlimit small = { 1000000, limit.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(weft_socket_send_blob(socket, blob), WEFT_OK);
    weft_blob_release(blob);
    world_until(&world, client.is_closed && server.is_closed);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, old);

    assert_int_equal(server.message_count, 0);
    assert_non_null(strstr(server.line, "error:storage "));
    assert_string_equal(server.failure_text, "no space in a file for a large message");
    assert_int_equal(server.failure.system_error, EFBIG);
    assert_int_equal(server.failure.status, WEFT_ERR_SYSTEM);
    assert_int_equal(server.failure.close_code, 1011);
    assert_non_null(strstr(client.line, "close:1011/no space in a file for a large message/"));

    blob = pattern_blob(2000000, false);
    assert_int_equal(weft_socket_send_blob(unharmed, blob), WEFT_OK);
    weft_blob_release(blob);
    world_until(&world, other.message_count == 1);
    assert_int_equal(other.message_bytes, 2000000);
    weft_socket_release(socket);
    weft_socket_release(unharmed);
    world_end(&world);
    assert_int_equal(open_count(), before);
}

static void a_message_that_never_ends_leaves_no_file(void **state)
{
    (void)state;
    /* A binary frame of 16 MiB, of which a part comes. */
    static const unsigned char header[] = { 0x82, 0xFF, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0 };
    struct world world;
    struct record server = { .quiet = true };
    struct weft_socket_settings settings = { .binary_type = WEFT_BLOB, .blob_spool_bytes = 1000 };
    world_start(&world, WEFT_BACKEND_DEFAULT);
    world_route(&world, "/", &server, &settings);
    int fd = world_raw_websocket(&world, "/");
    world_until(&world, server.socket);
    int before = open_count();
    char bytes[50000] = "";
    assert_int_equal(write(fd, header, sizeof header), sizeof header);
    assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
    world_until(&world, open_count() == before + 1);
    close(fd);
    world_until(&world, server.is_closed);
    if (secure_is_on()) /* A bridge has two ends more, in a thread that takes its time. */
        world_until(&world, open_count() <= before - 4);
    else
        assert_int_equal(open_count(), before - 2);
    assert_int_equal(server.message_count, 0);
    world_end(&world);
}

/* ---- constant memory ---- */

static size_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long all, resident;
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu %lu", &all, &resident), 2);
    fclose(file);
    return (size_t)resident * (size_t)sysconf(_SC_PAGESIZE);
}

/* 2 GiB and a bit; less under a sanitizer, over TLS, or where there is no room for it. */
static uint64_t large_bytes(void)
{
    struct statvfs space;
    const char *folder = getenv("TMPDIR");
    assert_int_equal(statvfs(folder && *folder ? folder : "/tmp", &space), 0);
    bool has_room = (uint64_t)space.f_bavail * space.f_frsize > (uint64_t)4 << 30;
    bool is_brief = IS_SANITIZED || getenv("WEFT_TEST_TLS");
    return (!is_brief && has_room ? (uint64_t)2 << 30 : (uint64_t)64 << 20) + 12345;
}

static const char mark[] = "here";

/* Nothing but holes, and a mark at three places. */
static weft_blob *sparse_blob(uint64_t bytes)
{
    FILE *file = tmpfile();
    weft_blob *blob;
    assert_non_null(file);
    assert_int_equal(ftruncate(fileno(file), (off_t)bytes), 0);
    for (uint64_t at = 0; at < bytes; at += bytes / 2 - 4)
        assert_int_equal(pwrite(fileno(file), mark, 4, (off_t)at), 4);
    assert_int_equal(ftruncate(fileno(file), (off_t)bytes), 0);
    assert_int_equal(weft_blob_from_fd(fileno(file), 0, bytes, &blob), WEFT_OK);
    fclose(file);
    return blob;
}

static void keep(weft_socket *socket, const struct weft_message_event *message,
                 struct record *record)
{
    (void)socket, (void)record;
    kept = weft_blob_retain(message->blob);
}

static void a_large_file_needs_little_memory(void **state)
{
    (void)state;
    struct world world;
    struct record server = { .quiet = true }, client = { .quiet = true, .on_message = keep };
    struct weft_connect_options options = { .settings = { .binary_type = WEFT_BLOB } };
    options.settings.limits.message_bytes_max = WEFT_NO_LIMIT;
    world_start(&world, WEFT_BACKEND_DEFAULT);
    world_route(&world, "/", &server, NULL);
    weft_socket *socket = world_connect(&world, "/", &client, &options);
    world_until(&world, client.socket && server.socket);
    uint64_t bytes = large_bytes();
    weft_blob *blob = sparse_blob(bytes);
    size_t before = resident_bytes(), most = 0;
    kept = NULL;
    assert_int_equal(weft_socket_send_blob(server.socket, blob), WEFT_OK);
    weft_blob_release(blob);
    for (int turns = 0; !kept; turns++) {
        assert_true(world_turn(&world, turns));
        size_t now = turns % 64 ? 0 : resident_bytes();
        most = now > most ? now : most;
    }
    /* A sanitizer keeps what was freed for a while. */
    assert_true(most < before + ((size_t)(IS_SANITIZED ? 48 : 12) << 20));
    assert_int_equal(weft_blob_bytes(kept), bytes);
    for (uint64_t at = 0; at < bytes - 4; at += bytes / 2 - 4) {
        char found[8];
        size_t count;
        assert_int_equal(weft_blob_read(kept, at, found, sizeof found, &count), WEFT_OK);
        assert_memory_equal(found, mark, 4);
    }
    weft_blob_release(kept);
    weft_socket_release(socket);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_type_at_the_time_of_the_event_decides),
        cmocka_unit_test(blobs_come_back),
        cmocka_unit_test(a_blob_that_is_too_big_fails_with_1009),
        cmocka_unit_test(a_plain_client_receives_blobs),
        cmocka_unit_test(no_space_fails_that_connection_alone),
        cmocka_unit_test(a_message_that_never_ends_leaves_no_file),
        cmocka_unit_test(a_large_file_needs_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
