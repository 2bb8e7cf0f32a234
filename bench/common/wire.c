#include "common/wire.h"

#include <openssl/err.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static SSL_CTX *context; /* NULL: no TLS. */

/* ---- TLS ---- */

static int accept_any(X509_STORE_CTX *store, void *user)
{
    (void)store, (void)user;
    return 1;
}

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    struct wire *wire = SSL_get_app_data(ssl);
    SSL_SESSION_free(wire->session);
    wire->session = session;
    wire->ticket_count++;
    return 1; /* It is ours now. */
}

void wire_use_tls(void)
{
    signal(SIGPIPE, SIG_IGN); /* OpenSSL writes, where others send. */
    context = SSL_CTX_new(TLS_client_method());
    if (!context || !SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) ||
        !SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") ||
        !SSL_CTX_set1_groups_list(context, "X25519"))
        measured_die("OpenSSL");
    SSL_CTX_set_cert_verify_callback(context, accept_any, NULL);
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(context, keep_session);
}

/* A copy, because OpenSSL uses each only once. */
static void take_ticket(struct wire *wire)
{
    SSL_SESSION *copy = SSL_SESSION_dup(wire->session);
    if (!copy || !SSL_set_session(wire->ssl, copy))
        measured_die("a ticket is of no use");
    SSL_SESSION_free(copy);
}

static void begin_tls(struct wire *wire, bool may_resume)
{
    wire->ssl = SSL_new(context);
    if (!wire->ssl || !SSL_set_fd(wire->ssl, wire->fd))
        measured_die("OpenSSL");
    SSL_set_app_data(wire->ssl, wire);
    SSL_set_connect_state(wire->ssl);
    if (may_resume && wire->session)
        take_ticket(wire);
}

/* What SSL_write() and SSL_read() answer, in the words of send() and recv(). */
static ssize_t outcome(struct wire *wire, int done)
{
    if (done > 0)
        return done;
    int error = SSL_get_error(wire->ssl, done);
    if (error == SSL_ERROR_ZERO_RETURN)
        return 0;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        errno = EAGAIN;
    else if (error != SSL_ERROR_SYSCALL || errno == 0)
        errno = EPROTO;
    ERR_clear_error();
    return -1;
}

/* ---- opening and closing ---- */

void wire_raise_limit(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void wire_open(struct wire *wire, const struct measured *server, uint32_t number, bool may_resume)
{
    enum { ADDRESSES = 50 };
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(server->port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_in own = { .sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK + number % ADDRESSES) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&own, sizeof own) != 0 ||
        connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        measured_die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    wire->fd = fd;
    if (context)
        begin_tls(wire, may_resume);
}

void wire_close(struct wire *wire)
{
    if (wire->ssl) {
        wire->resumed_count += SSL_session_reused(wire->ssl) != 0;
        SSL_shutdown(wire->ssl); /* Some servers wait for it. */
        SSL_free(wire->ssl);
        ERR_clear_error();
    }
    wire->ssl = NULL;
    close(wire->fd);
}

void wire_unblock(struct wire *wire)
{
    fcntl(wire->fd, F_SETFL, O_NONBLOCK);
}

/* ---- bytes ---- */

ssize_t wire_send(struct wire *wire, const void *data, size_t bytes)
{
    if (!wire->ssl)
        return send(wire->fd, data, bytes, MSG_NOSIGNAL);
    errno = 0;
    return outcome(wire, SSL_write(wire->ssl, data, (int)bytes));
}

ssize_t wire_receive(struct wire *wire, void *data, size_t bytes)
{
    if (!wire->ssl)
        return recv(wire->fd, data, bytes, 0);
    errno = 0;
    return outcome(wire, SSL_read(wire->ssl, data, (int)bytes));
}

/* ---- the upgrade ---- */

size_t wire_write_request(char *request, size_t room, const struct measured *server,
                          const char *path, const char *extensions)
{
    int bytes = snprintf(request, room,
                         "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                         "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                         "Sec-WebSocket-Version: 13\r\n%s\r\n",
                         path, server->port, extensions);
    errno = 0;
    if (bytes < 0 || (size_t)bytes >= room)
        measured_die("a long request");
    return (size_t)bytes;
}

void wire_shake_hands(struct wire *wire, const struct measured *server, const char *path,
                      const char *extensions, char answer[WIRE_ANSWER_BYTES_MAX])
{
    char request[512];
    size_t used = 0;
    size_t bytes = wire_write_request(request, sizeof request, server, path, extensions);
    if (wire_send(wire, request, bytes) != (ssize_t)bytes)
        measured_die("send");
    while (used < 4 || memcmp(answer + used - 4, "\r\n\r\n", 4) != 0) {
        if (used == WIRE_ANSWER_BYTES_MAX - 1 || wire_receive(wire, answer + used, 1) != 1)
            measured_die("handshake");
        used++;
    }
    answer[used] = 0;
    errno = 0;
    if (memcmp(answer, "HTTP/1.1 101", 12) != 0)
        measured_die("the server does not switch to WebSocket");
}
