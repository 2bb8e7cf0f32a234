#include "io/listener.h"

#include "unit/io/streams.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

/* Counts and closes what is accepted. */
struct door {
    size_t accepted_count;
    size_t closes_at; /* Closes the listener at this one. */
    bool keeps;       /* Leaves descriptors open, in `kept`. */
    int kept[256];
};

static void at_door(struct wf_listener *listener, int fd, void *user)
{
    struct door *door = user;
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    if (door->keeps)
        door->kept[door->accepted_count] = fd;
    else
        close(fd);
    if (++door->accepted_count == door->closes_at)
        wf_listener_close(listener);
}

static int dial(const struct wf_address *address)
{
    int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (connect(fd, (const struct sockaddr *)&address->storage, address->bytes)) {
        close(fd);
        return -1;
    }
    return fd;
}

static struct wf_address v4_any_port(void)
{
    struct wf_address address;
    assert_int_equal(wf_address_of_ip(&address, weft_text_of("127.0.0.1"), 0), WEFT_OK);
    return address;
}

static void test_accepts(void **state)
{
    weft_loop *loop = *state;
    for (int carrier = TCP_V4; carrier < CARRIER_COUNT; carrier++) {
        struct door door = { 0 };
        struct wf_address address;
        struct wf_listener *listener;
        int dialled[10];
        if (!address_for((enum carrier)carrier, &address))
            continue;
        assert_int_equal(wf_listener_open(loop, &address, NULL, at_door, &door, &listener),
                         WEFT_OK);
        wf_listener_address(listener, &address);
        assert_true(carrier >= UNIX_PATH || wf_address_port(&address) != 0);
        assert_true(weft_loop_is_alive(loop));
        for (size_t i = 0; i < COUNT_OF(dialled); i++)
            assert_true((dialled[i] = dial(&address)) >= 0);
        until(loop, door.accepted_count == COUNT_OF(dialled));
        for (size_t i = 0; i < COUNT_OF(dialled); i++)
            close(dialled[i]);
        wf_listener_close(listener);
        assert_int_equal(dial(&address), -1);
        assert_false(weft_loop_is_alive(loop));
    }
}

static void test_closed_in_callback(void **state)
{
    weft_loop *loop = *state;
    struct door door = { .closes_at = 3 };
    struct wf_address address = v4_any_port();
    struct wf_listener *listener;
    int dialled[10];
    assert_int_equal(wf_listener_open(loop, &address, NULL, at_door, &door, &listener), WEFT_OK);
    wf_listener_address(listener, &address);
    for (size_t i = 0; i < COUNT_OF(dialled); i++)
        assert_true((dialled[i] = dial(&address)) >= 0);
    until(loop, door.accepted_count);
    assert_true(is_quiet(loop));
    assert_int_equal(door.accepted_count, 3);
    for (size_t i = 0; i < COUNT_OF(dialled); i++)
        close(dialled[i]);
}

/* Many that wait are not all accepted in one turn. */
static void test_fair(void **state)
{
    weft_loop *loop = *state;
    struct door door = { 0 };
    struct wf_address address = v4_any_port();
    struct wf_listener *listener;
    int dialled[100];
    assert_int_equal(wf_listener_open(loop, &address, NULL, at_door, &door, &listener), WEFT_OK);
    wf_listener_address(listener, &address);
    for (size_t i = 0; i < COUNT_OF(dialled); i++)
        assert_true((dialled[i] = dial(&address)) >= 0);
    for (size_t before = 0; door.accepted_count < COUNT_OF(dialled); before = door.accepted_count) {
        turn(loop, 1000);
        assert_true(door.accepted_count - before <= 64);
    }
    for (size_t i = 0; i < COUNT_OF(dialled); i++)
        close(dialled[i]);
    wf_listener_close(listener);
}

static void test_address_in_use(void **state)
{
    weft_loop *loop = *state;
    for (int carrier = TCP_V4; carrier < CARRIER_COUNT; carrier++) {
        struct door door = { 0 };
        struct wf_address address;
        struct wf_listener *listener, *second;
        if (!address_for((enum carrier)carrier, &address))
            continue;
        assert_int_equal(wf_listener_open(loop, &address, NULL, at_door, &door, &listener),
                         WEFT_OK);
        wf_listener_address(listener, &address);
        assert_int_equal(wf_listener_open(loop, &address, NULL, at_door, &door, &second),
                         WEFT_ERR_SYSTEM);
        assert_int_equal(errno, EADDRINUSE);
        /* The first is still there: its path was not taken away. */
        int fd = dial(&address);
        assert_true(fd >= 0);
        close(fd);
        wf_listener_close(listener);
    }
}

static void test_v6_and_v4(void **state)
{
    weft_loop *loop = *state;
    struct wf_address address, v4;
    if (!address_for(TCP_V6, &address))
        return;
    for (int both = 0; both < 2; both++) {
        struct door door = { 0 };
        struct wf_listener *listener;
        assert_int_equal(wf_address_of_ip(&address, weft_text_of("::"), 0), WEFT_OK);
        struct wf_listener_options options = { .v6_and_v4 = both };
        assert_int_equal(wf_listener_open(loop, &address, &options, at_door, &door, &listener),
                         WEFT_OK);
        wf_listener_address(listener, &address);
        v4 = v4_any_port();
        wf_address_set_port(&v4, wf_address_port(&address));
        int fd = dial(&v4);
        assert_int_equal(fd >= 0, both);
        if (fd >= 0)
            close(fd);
        wf_listener_close(listener);
    }
}

static bool exists(const char *path)
{
    struct stat file;
    return lstat(path, &file) == 0;
}

static void test_unix_path(void **state)
{
    weft_loop *loop = *state;
    struct door door = { 0 };
    char path[108];
    struct wf_address address;
    struct wf_listener *listener, *second;
    path_for_tests(path, sizeof path, "listener");
    assert_int_equal(wf_address_of_path(&address, weft_text_of(path)), WEFT_OK);

    /* A stale one is replaced: its listener was closed without removing it. */
    int stale = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(stale, (struct sockaddr *)&address.storage, address.bytes), 0);
    assert_int_equal(listen(stale, 1), 0);
    close(stale);
    assert_true(exists(path));
    assert_int_equal(wf_listener_open(loop, &address, NULL, at_door, &door, &listener), WEFT_OK);
    int fd = dial(&address);
    assert_true(fd >= 0);
    until(loop, door.accepted_count == 1);
    close(fd);

    /* The path now leads to another's: that one is left alone. */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(wf_listener_open(loop, &address, NULL, at_door, &door, &second), WEFT_OK);
    wf_listener_close(listener);
    assert_true(exists(path));
    wf_listener_close(second);
    assert_false(exists(path));

    /* A file that is no socket is nobody's to remove. */
    fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(wf_listener_open(loop, &address, NULL, at_door, &door, &second),
                     WEFT_ERR_SYSTEM);
    assert_int_equal(errno, EADDRINUSE);
    assert_true(exists(path));
    unlink(path);

    /* A folder that is not there. */
    char deep[108];
    snprintf(deep, sizeof deep, "%.80s/none", path);
    assert_int_equal(wf_address_of_path(&address, weft_text_of(deep)), WEFT_OK);
    assert_int_equal(wf_listener_open(loop, &address, NULL, at_door, &door, &second),
                     WEFT_ERR_SYSTEM);
    assert_int_equal(errno, ENOENT);
    assert_false(weft_loop_is_alive(loop));
}

static mode_t mode_of(const char *path)
{
    struct stat file;
    assert_int_equal(lstat(path, &file), 0);
    return file.st_mode & 07777;
}

/* Whatever the umask is, the mode is what was asked for. */
static void test_unix_mode(void **state)
{
    static const mode_t modes[] = { 0600, 0660, 0666, 0777 }, masks[] = { 0, 022, 077, 0777 };
    weft_loop *loop = *state;
    struct door door = { 0 };
    struct wf_address address;
    char path[108];
    path_for_tests(path, sizeof path, "mode");
    assert_int_equal(wf_address_of_path(&address, weft_text_of(path)), WEFT_OK);
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        for (size_t j = 0; j < COUNT_OF(masks); j++) {
            struct wf_listener_options options = { .mode = modes[i],
                                                   .has_user = true,
                                                   .user = geteuid(),
                                                   .has_group = true,
                                                   .group = getegid() };
            struct wf_listener *listener;
            mode_t before = umask(masks[j]);
            weft_status status =
                wf_listener_open(loop, &address, &options, at_door, &door, &listener);
            umask(before);
            assert_int_equal(status, WEFT_OK);
            assert_int_equal(mode_of(path), modes[i]);
            int fd = dial(&address);
            assert_true(fd >= 0);
            close(fd);
            wf_listener_close(listener);
            assert_false(exists(path));
        }
    }
}

/* Given to somebody else by root; refused to anybody else, and then nothing is left. */
static void test_unix_owner(void **state)
{
    weft_loop *loop = *state;
    struct door door = { 0 };
    struct wf_address address;
    struct wf_listener *listener;
    struct stat file;
    char path[108];
    struct wf_listener_options options = { .has_user = true, .user = 12345 };
    path_for_tests(path, sizeof path, "owner");
    assert_int_equal(wf_address_of_path(&address, weft_text_of(path)), WEFT_OK);
    weft_status status = wf_listener_open(loop, &address, &options, at_door, &door, &listener);
    if (status) {
        assert_int_not_equal(geteuid(), 0);
        assert_int_equal(errno, EPERM);
        assert_false(exists(path));
        return;
    }
    assert_int_equal(lstat(path, &file), 0);
    assert_int_equal(file.st_uid, 12345);
    assert_int_equal(file.st_gid, getegid());
    wf_listener_close(listener);
}

/* ---- a descriptor of somebody else's ---- */

static int listening_at(struct wf_address *address)
{
    int fd = socket(address->storage.ss_family, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address->storage, address->bytes), 0);
    assert_int_equal(listen(fd, 16), 0);
    return fd;
}

static void test_adopted(void **state)
{
    weft_loop *loop = *state;
    struct door door = { 0 };
    struct wf_address address = v4_any_port();
    struct wf_listener *listener;
    int fd = listening_at(&address);
    assert_int_equal(wf_listener_adopt(loop, fd, at_door, &door, &listener), WEFT_OK);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    wf_listener_address(listener, &address);
    assert_int_not_equal(wf_address_port(&address), 0);
    int dialled = dial(&address);
    assert_true(dialled >= 0);
    until(loop, door.accepted_count == 1);
    close(dialled);
    wf_listener_close(listener);
    assert_int_equal(fcntl(fd, F_GETFL), -1);
}

static void test_adopted_path(void **state)
{
    weft_loop *loop = *state;
    struct door door = { 0 };
    struct wf_address address;
    struct wf_listener *listener;
    char path[108];
    path_for_tests(path, sizeof path, "adopted");
    assert_int_equal(wf_address_of_path(&address, weft_text_of(path)), WEFT_OK);
    int fd = listening_at(&address);
    assert_int_equal(wf_listener_adopt(loop, fd, at_door, &door, &listener), WEFT_OK);
    wf_listener_close(listener);
    assert_true(exists(path)); /* It belongs to who made it. */
    unlink(path);
}

/* What is no listener stays as it was, and its owner's. */
static void test_not_adopted(void **state)
{
    weft_loop *loop = *state;
    struct door door = { 0 };
    struct wf_listener *listener;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    int file = open("/dev/null", O_RDONLY), datagrams = socket(AF_INET, SOCK_DGRAM, 0);
    const struct {
        int fd, error;
    } cases[] = { { pair[0], EINVAL }, { file, ENOTSOCK }, { datagrams, EPROTOTYPE } };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(wf_listener_adopt(loop, cases[i].fd, at_door, &door, &listener),
                         WEFT_ERR_SYSTEM);
        assert_int_equal(errno, cases[i].error);
        assert_int_equal(fcntl(cases[i].fd, F_GETFD), 0);
    }
    close(pair[0]);
    close(pair[1]);
    close(file);
    close(datagrams);
    assert_int_equal(wf_listener_adopt(loop, file, at_door, &door, &listener), WEFT_ERR_SYSTEM);
    assert_int_equal(errno, EBADF);
    assert_false(weft_loop_is_alive(loop));
}

/* In a child of its own, as it takes all descriptors away. Returns a number that tells what went
 * wrong. */
static int without_descriptors(enum weft_backend backend)
{
    enum { WAITING = 8 };
    struct weft_loop_options options = { .backend = backend };
    struct rlimit few = { 64, 64 };
    struct door door = { .keeps = true };
    struct wf_address address = v4_any_port();
    struct wf_listener *listener;
    weft_loop *loop;
    weft_timer *timer;
    int dialled[WAITING], filled = 0, filler[64];
    bool rang = false;
    if (weft_loop_create(&options, &loop) ||
        wf_listener_open(loop, &address, NULL, at_door, &door, &listener) ||
        weft_timer_create(loop, ring, &rang, &timer))
        return 1;
    wf_listener_address(listener, &address);
    for (int i = 0; i < WAITING; i++)
        dialled[i] = dial(&address);
    if (setrlimit(RLIMIT_NOFILE, &few))
        return 2;
    while (filled < 64 && (filler[filled] = dup(dialled[0])) >= 0)
        filled++;

    /* 250 ms: at most three attempts, each of which drops one; and no spinning. */
    weft_timer_start(timer, 250, 0);
    int turns = 0;
    while (!rang) {
        if (weft_loop_turn(loop, -1))
            return 3;
        turns++;
    }
    if (turns > 40)
        return 4;
    if (door.accepted_count)
        return 5;
    int dropped = 0;
    for (int i = 0; i < WAITING; i++) {
        char byte;
        ssize_t got = recv(dialled[i], &byte, 1, MSG_DONTWAIT);
        dropped += got == 0 || (got < 0 && errno == ECONNRESET);
    }
    if (dropped < 1 || dropped > 4)
        return 6;

    /* There are descriptors again: those that still wait are accepted. */
    while (filled)
        close(filler[--filled]);
    for (uint64_t from_ms = real_ms(); (int)door.accepted_count < WAITING - dropped;)
        if (weft_loop_turn(loop, 50) || real_ms() - from_ms > 20000)
            return 7;
    for (size_t i = 0; i < door.accepted_count; i++)
        close(door.kept[i]);
    for (int i = 0; i < WAITING; i++)
        close(dialled[i]);
    weft_loop_destroy(loop);
    return 0;
}

static void test_without_descriptors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(backends); i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(without_descriptors(backends[i]));
        assert_true(child > 0);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

/* Forgotten by its user, it goes with the loop; and so does its path. */
static void test_forgotten(void **state)
{
    weft_loop *loop = *state;
    struct door door = { 0 };
    struct wf_address address;
    struct wf_listener *listener;
    char path[108];
    path_for_tests(path, sizeof path, "forgotten");
    assert_int_equal(wf_address_of_path(&address, weft_text_of(path)), WEFT_OK);
    assert_int_equal(wf_listener_open(loop, &address, NULL, at_door, &door, &listener), WEFT_OK);
    assert_true(exists(path));
    wf_listener_close(NULL);
    weft_loop_destroy(loop);
    *state = NULL;
    assert_false(exists(path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(test_accepts),     ON_BOTH(test_closed_in_callback),
        ON_BOTH(test_fair),        ON_BOTH(test_address_in_use),
        ON_BOTH(test_v6_and_v4),   ON_BOTH(test_unix_path),
        ON_BOTH(test_unix_mode),   ON_BOTH(test_unix_owner),
        ON_BOTH(test_adopted),     ON_BOTH(test_adopted_path),
        ON_BOTH(test_not_adopted), cmocka_unit_test(test_without_descriptors),
        ON_BOTH(test_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
