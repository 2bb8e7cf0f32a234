/* Socket addresses, and their text. */
#ifndef WF_IO_ADDRESS_H
#define WF_IO_ADDRESS_H

#include "weft/bytes.h"
#include "weft/status.h"

#include <stdbool.h>
#include <sys/socket.h>

struct wf_address {
    struct sockaddr_storage storage;
    socklen_t bytes;
};

/* A numeric IPv4 or IPv6 address ("127.0.0.1", "::1", "fe80::1%eth0"; no brackets) with a port in
 * host order. WEFT_ERR_SYNTAX for anything else: a name is for io/resolve.h. */
WEFT_MUST_USE weft_status wf_address_of_ip(struct wf_address *address_out, struct weft_text ip,
                                           uint16_t port);

/* A Unix-domain socket; a path that begins with '@' is in the abstract namespace. WEFT_ERR_SYNTAX:
 * empty or too long. */
WEFT_MUST_USE weft_status wf_address_of_path(struct wf_address *address_out, struct weft_text path);

/* Of the other end of a connected descriptor. WEFT_ERR_SYSTEM. */
WEFT_MUST_USE weft_status wf_address_of_peer(struct wf_address *address_out, int fd);

void wf_address_set_port(struct wf_address *address, uint16_t port);
uint16_t wf_address_port(const struct wf_address *address);

/* "127.0.0.1:80", "[::1]:80", "unix:/path" or "unix". Always ends with a zero; cut when out_bytes
 * is short. WF_ADDRESS_TEXT_MAX is enough for all. */
enum { WF_ADDRESS_TEXT_MAX = 128 };
void wf_address_text(const struct wf_address *address, char *out, size_t out_bytes);

#endif
