/* The text of an address to listen at. Pure. */
#ifndef WF_SERVER_LISTEN_ADDRESS_H
#define WF_SERVER_LISTEN_ADDRESS_H

#include "weft/bytes.h"
#include "weft/status.h"

#include <stdbool.h>

enum wf_listen_kind {
    WF_LISTEN_HOST,
    WF_LISTEN_ANYWHERE,
    WF_LISTEN_PATH,
    WF_LISTEN_INHERITED,
    WF_LISTEN_DESCRIPTOR
};

struct wf_listen_address {
    enum wf_listen_kind kind;
    struct weft_text host; /* HOST: a name or an address, without brackets. PATH: the path.
                              INHERITED: the name, empty for any. */
    int fd;                /* DESCRIPTOR. */
    uint16_t port;
    bool is_numeric; /* It stood in brackets: no name. */
};

/* "host:port", "[v6]:port", ":port", "*:port", "unix:path", "systemd", "systemd:name", "fd:3".
 * WEFT_ERR_SYNTAX: no port, one over 65535, an empty name, a descriptor below 3, an IPv6 address
 * without brackets, or nothing of these. */
WEFT_MUST_USE weft_status wf_listen_address_parse(struct weft_text text,
                                                  struct wf_listen_address *address_out);

#endif
