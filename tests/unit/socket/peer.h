/* A peer that speaks TLS, at the other end of a pair. */
#ifndef UNIT_SOCKET_PEER_H
#define UNIT_SOCKET_PEER_H

#include "support/certs.h"
#include "tls/tls.h"
#include "unit/socket/pair.h"

/* The peer: a client of TLS at the other end of the pair. */
struct peer {
    struct pair pair;
    struct peer *first; /* Set by the test: on its loop, which must end behind this one. */
    weft_tls *identity, *trust;
    struct wf_socket_beginning beginning;
    struct wf_pool pool;
    struct wf_tls *tls;
    uint8_t unsent[128 * 1024]; /* Sealed, and not yet written. */
    size_t unsent_count;
    size_t step; /* Writes so many bytes at a time; 0: all. */
    char plain[8192];
    size_t plain_count; /* Of all that came. */
    size_t read_count;  /* Of sealed bytes. */
    bool has_ended;     /* With close_notify. */
    bool is_silent;     /* Does not go on with TLS. */
};

static inline void peer_seal(struct peer *peer, const void *data, size_t count)
{
    struct weft_bytes plain = { data, count };
    do {
        struct weft_buffer room = { peer->unsent + peer->unsent_count,
                                    sizeof peer->unsent - peer->unsent_count };
        size_t taken = 0, sealed = 0;
        assert_int_equal(wf_tls_seal(peer->tls, &plain, count ? 1 : 0, room, &taken, &sealed),
                         WEFT_OK);
        peer->unsent_count += sealed;
        if (taken)
            plain.data += taken;
        plain.count -= taken;
        assert_true(taken || !count);
    } while (plain.count);
}

static inline void peer_write(struct peer *peer)
{
    size_t most = peer->step ? peer->step : sizeof peer->unsent;
    size_t count = peer->unsent_count < most ? peer->unsent_count : most;
    if (!count || peer->pair.fd < 0)
        return;
    ssize_t sent = send(peer->pair.fd, peer->unsent, count, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0)
        return;
    peer->unsent_count -= (size_t)sent;
    memmove(peer->unsent, peer->unsent + sent, peer->unsent_count);
}

static inline void peer_read(struct peer *peer)
{
    static uint8_t sealed[65536], plain[65536];
    ssize_t got = recv(peer->pair.fd, sealed, sizeof sealed, MSG_DONTWAIT);
    if (got == 0)
        peer->pair.peer_has_end = true;
    if (got <= 0)
        return;
    peer->read_count += (size_t)got;
    wf_tls_feed(peer->tls, (struct weft_bytes){ sealed, (size_t)got });
    enum wf_tls_result result;
    do {
        size_t count = 0;
        result = wf_tls_read(peer->tls, (struct weft_buffer){ plain, sizeof plain }, &count);
        size_t room = sizeof peer->plain - 1;
        if (peer->plain_count < room)
            memcpy(peer->plain + peer->plain_count, plain,
                   count < room - peer->plain_count ? count : room - peer->plain_count);
        peer->plain_count += count;
    } while (result == WF_TLS_IS_FULL);
    peer->has_ended |= result == WF_TLS_ENDED;
}

/* What both do without being asked. */
static inline void peer_turn(struct peer *peer)
{
    if (!peer->is_silent) {
        if (wf_tls_has_output(peer->tls))
            peer_seal(peer, NULL, 0);
        peer_write(peer);
        if (peer->pair.fd >= 0)
            peer_read(peer);
    }
    assert_int_equal(weft_loop_turn(peer->pair.loop, peer->unsent_count ? 0 : 1), WEFT_OK);
}

#define peer_until(peer, condition)                                                                \
    do {                                                                                           \
        for (uint64_t begin_ = pair_now(); !(condition); peer_turn(peer))                          \
            if (pair_now() - begin_ > 20000)                                                       \
                fail_msg("waited in vain for: %s, after %s", #condition, (peer)->pair.line);       \
    } while (0)

static inline void peer_begin(struct peer *peer, const struct weft_socket_settings *settings)
{
    peer->identity = certs_server("server");
    peer->trust = certs_client();
    peer->beginning.tls = peer->identity;
    peer->pair.beginning = &peer->beginning;
    if (peer->first)
        pair_start_beside(&peer->pair, &peer->first->pair, settings);
    else
        pair_start(&peer->pair, WEFT_BACKEND_DEFAULT, settings);
    wf_pool_init(&peer->pool, NULL);
    assert_int_equal(
        wf_tls_open(&peer->pool, peer->trust, WEFT_TEXT_LITERAL("localhost"), 1, &peer->tls),
        WEFT_OK);
}

static inline void peer_end(struct peer *peer)
{
    pair_end(&peer->pair);
    wf_tls_close(peer->tls);
    wf_pool_drop(&peer->pool);
    weft_tls_release(peer->identity);
    weft_tls_release(peer->trust);
}

static inline void peer_shake_hands(struct peer *peer)
{
    peer_until(peer, wf_tls_is_done(peer->tls) && weft_socket_tls(peer->pair.socket));
}

static inline void peer_open(struct peer *peer)
{
    peer_shake_hands(peer);
    peer_seal(peer, PAIR_REQUEST, sizeof PAIR_REQUEST - 1);
    peer_until(peer, strcmp(peer->pair.line, "open ") == 0 && peer->plain_count);
    assert_memory_equal(peer->plain, "HTTP/1.1 101 ", 13);
    peer->plain_count = 0;
}

#endif
