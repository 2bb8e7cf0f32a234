/* SOCKS5 (RFC 1928) with user name and password (RFC 1929): bytes in, bytes out. */
#ifndef WF_CLIENT_PROXY_SOCKS5_H
#define WF_CLIENT_PROXY_SOCKS5_H

#include "client/proxy.h"
#include "io/address.h"

/* The longest message of ours: version, two lengths, name and password. */
enum { WF_SOCKS5_BYTES_MAX = 513 };

/* Zero-filled but for the first fields it is at its beginning. The texts must stay. */
struct wf_socks5 {
    struct weft_text username; /* Empty: no login is offered. At most 255 bytes, as the password. */
    struct weft_text password;
    struct weft_text host;     /* A name for the proxy to look up; over 255 bytes: FAILED. */
    struct wf_address address; /* bytes > 0: instead of the host. */
    uint16_t port;
    enum { WF_SOCKS5_METHOD, WF_SOCKS5_LOGIN, WF_SOCKS5_REPLY } waits_for;
};

/* Writes the first message and returns its bytes. */
size_t wf_socks5_begin(const struct wf_socks5 *socks, uint8_t out[static WF_SOCKS5_BYTES_MAX]);

/* Reads the next message of the proxy's: all bytes that have come and were not used yet. With MORE
 * the *out_count bytes of `out` are to be sent (0: nothing), and when *used_out is not 0, it is
 * called again with the rest. What follows a DONE comes from the server. */
enum wf_proxy_step wf_socks5_read(struct wf_socks5 *socks, struct weft_bytes bytes,
                                  size_t *used_out, uint8_t out[static WF_SOCKS5_BYTES_MAX],
                                  size_t *out_count, struct wf_proxy_refusal *refusal_out);

#endif
