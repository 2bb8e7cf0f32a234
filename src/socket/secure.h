/* What a TLS connection remembers, for the files that unseal and seal. */
#ifndef WF_SOCKET_SECURE_H
#define WF_SOCKET_SECURE_H

#include "base/block.h"
#include "socket/transport.h"
#include "tls/tls.h"

/* Hangs on the socket's rare part as long as the connection. */
struct wf_secure {
    struct wf_tls *tls;
    struct wf_block unsent;    /* Sealed bytes that the kernel has not taken: of one run at most. */
    size_t unsent_at;          /* So many of its first are sent. */
    size_t records_at;         /* In it: where the records of `unsent_plain` begin. */
    size_t unsent_plain;       /* Of the engine's output, so many of the first are in it. */
    struct wf_block kept;      /* What came and was not unsealed: of one receive at most. */
    enum wf_tls_result result; /* Of the last read. */
    bool is_reading;           /* What a resume asks for is under way. */
    bool is_settled;           /* The last result was acted on. */
    bool end_waits;            /* The stream has ended behind what is kept. */
    bool is_ending;            /* The stream's own direction ends behind the last byte. */
};

static inline struct wf_secure *wf_secure_of(const weft_socket *socket)
{
    return socket->rare->secure;
}

/* ---- sealing.c ---- */
/* As wf_transport_send(), and plain bytes are taken when the record that they are in has left
 * whole: until then they stay in the engine's output, which grows at its end alone. Before the
 * handshake is done, and once TLS has failed, no span is taken, but what TLS has to say for itself
 * leaves. */
weft_status wf_sealing_send(weft_socket *socket, const struct weft_bytes *spans, size_t span_count,
                            size_t *taken_out);
/* What TLS itself has to say, and what waits. False: the socket was aborted. */
bool wf_sealing_flush(weft_socket *socket);
/* The transport's shutdown, end and has_unsent. */
void wf_sealing_shutdown(weft_socket *socket);
void wf_sealing_end(weft_socket *socket);
bool wf_sealing_has_unsent(const weft_socket *socket);
/* Returns WEFT_ERR_MEMORY. */
weft_status wf_sealing_abort_without_memory(weft_socket *socket);

#endif
