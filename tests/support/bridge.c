#include "support/bridge.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { PIECE_BYTES = 16384 };

/* What goes one way. */
struct lane {
    char data[PIECE_BYTES];
    size_t at, count;
    bool has_ended;
};

struct bridge {
    int plain;
    int sealed;
    SSL *ssl;
    bool wants_write; /* TLS waits for room in the kernel. */
    bool is_broken;
    bool has_said_end;
    struct lane out, in;
};

/* What OpenSSL answers: true when it is done, false when it waits or is at its end. */
static bool went(struct bridge *bridge, int result)
{
    if (result > 0)
        return true;
    int error = SSL_get_error(bridge->ssl, result);
    if (error == SSL_ERROR_WANT_WRITE)
        bridge->wants_write = true;
    else if (error == SSL_ERROR_ZERO_RETURN)
        bridge->in.has_ended = true;
    else if (error != SSL_ERROR_WANT_READ)
        bridge->is_broken = true;
    ERR_clear_error();
    return false;
}

static void move_out(struct bridge *bridge)
{
    struct lane *out = &bridge->out;
    for (;;) {
        if (out->count == 0 && !out->has_ended) {
            ssize_t got = recv(bridge->plain, out->data, sizeof out->data, 0);
            if (got < 0)
                return;
            out->at = 0;
            out->count = (size_t)got;
            out->has_ended = got == 0;
        }
        if (out->count == 0)
            break;
        size_t sent = 0;
        if (!went(bridge, SSL_write_ex(bridge->ssl, out->data + out->at, out->count, &sent)))
            return;
        out->at += sent;
        out->count -= sent;
    }
    if (!bridge->has_said_end) {
        bridge->has_said_end = true;
        SSL_shutdown(bridge->ssl);
        shutdown(bridge->sealed, SHUT_WR);
    }
}

static void move_in(struct bridge *bridge)
{
    struct lane *in = &bridge->in;
    for (;;) {
        if (in->count == 0 && !in->has_ended) {
            in->at = 0;
            if (!went(bridge, SSL_read_ex(bridge->ssl, in->data, sizeof in->data, &in->count)))
                in->count = 0;
        }
        if (in->count == 0)
            break;
        ssize_t sent = send(bridge->plain, in->data + in->at, in->count, MSG_NOSIGNAL);
        if (sent < 0) {
            bridge->is_broken |= errno != EAGAIN;
            return;
        }
        in->at += (size_t)sent;
        in->count -= (size_t)sent;
    }
    if (in->has_ended)
        shutdown(bridge->plain, SHUT_WR);
}

static void wait_for_work(const struct bridge *bridge)
{
    struct pollfd fds[2] = { { .fd = bridge->plain }, { .fd = bridge->sealed } };
    if (bridge->in.count)
        fds[0].events |= POLLOUT;
    else if (!bridge->in.has_ended)
        fds[1].events |= POLLIN;
    if (bridge->wants_write)
        fds[1].events |= POLLOUT;
    else if (!bridge->out.has_ended && !bridge->out.count)
        fds[0].events |= POLLIN;
    /* One that is at its end says so for ever. */
    for (int i = 0; i < 2; i++)
        if (!fds[i].events)
            fds[i].fd = -1;
    (void)poll(fds, 2, -1);
}

static bool is_over(const struct bridge *bridge)
{
    return bridge->is_broken || (bridge->has_said_end && bridge->in.has_ended && !bridge->in.count);
}

/* Threads that still run: the process waits for them at its end, so that what OpenSSL keeps for
 * each of them is given back. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t count;
    bool is_waited_for;
} threads = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, false };

/* Not for one whose ends a failed test has left open. */
static void wait_for_threads(void)
{
    enum { SECONDS_MAX = 5 };
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += SECONDS_MAX;
    pthread_mutex_lock(&threads.lock);
    while (threads.count && !pthread_cond_timedwait(&threads.changed, &threads.lock, &until))
        continue;
    pthread_mutex_unlock(&threads.lock);
}

static void count_in(void)
{
    pthread_mutex_lock(&threads.lock);
    threads.count++;
    if (!threads.is_waited_for)
        threads.is_waited_for = atexit(wait_for_threads) == 0;
    pthread_mutex_unlock(&threads.lock);
}

static void count_out(void)
{
    OPENSSL_thread_stop();
    pthread_mutex_lock(&threads.lock);
    threads.count--;
    pthread_cond_signal(&threads.changed);
    pthread_mutex_unlock(&threads.lock);
}

static void *run(void *argument)
{
    struct bridge *bridge = argument;
    while (!is_over(bridge)) {
        bridge->wants_write = false;
        if (SSL_is_init_finished(bridge->ssl) || went(bridge, SSL_do_handshake(bridge->ssl))) {
            move_out(bridge);
            move_in(bridge);
        }
        if (!is_over(bridge))
            wait_for_work(bridge);
    }
    SSL_free(bridge->ssl);
    close(bridge->plain);
    close(bridge->sealed);
    free(bridge);
    count_out();
    return NULL;
}

static SSL_CTX *context_of(const char *ca_file)
{
    static SSL_CTX *context; /* Of the process. */
    if (context)
        return context;
    signal(SIGPIPE, SIG_IGN);
    context = SSL_CTX_new(TLS_client_method());
    assert_non_null(context);
    assert_int_equal(SSL_CTX_load_verify_file(context, ca_file), 1);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return context;
}

int bridge_open(int fd, const char *ca_file)
{
    int ends[2];
    struct bridge *bridge = calloc(1, sizeof *bridge);
    assert_non_null(bridge);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    bridge->plain = ends[1];
    bridge->sealed = fd;
    bridge->ssl = SSL_new(context_of(ca_file));
    assert_non_null(bridge->ssl);
    assert_int_equal(SSL_set_fd(bridge->ssl, fd), 1);
    SSL_set_connect_state(bridge->ssl);
    pthread_t thread;
    count_in();
    assert_int_equal(pthread_create(&thread, NULL, run, bridge), 0);
    pthread_detach(thread);
    return ends[0];
}
