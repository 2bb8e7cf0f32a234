/* The head by which a proxy tells whose connection it passes on: the PROXY protocol, versions 1 and
 * 2 (haproxy's doc/proxy-protocol.txt, whose sections are named). */
#ifndef WF_CODEC_PROXY_PROTOCOL_H
#define WF_CODEC_PROXY_PROTOCOL_H

#include "codec/ip.h"

enum wf_proxy_protocol_result { WF_PROXY_NEEDS_MORE, WF_PROXY_DONE, WF_PROXY_BROKEN };

enum wf_proxy_protocol_source {
    WF_PROXY_OWN, /* LOCAL, UNKNOWN, unspecified: the connection's own addresses hold. */
    WF_PROXY_IP,
    WF_PROXY_PATH, /* A Unix-domain socket. */
};

struct wf_proxy_protocol_head {
    size_t bytes; /* Of the head. What follows is the client's. */
    enum wf_proxy_protocol_source source;
    struct wf_ip ip;
    uint16_t port;
    struct weft_text path; /* Lent; may be empty. One that begins with a zero is abstract. */
};

/* Version 1: its line is at most 107 bytes (2.1). Version 2: with its TLVs; longer ones exist, by
 * far not of what a proxy in front of a WebSocket server has to say. */
enum { WF_PROXY_LINE_MAX = 107, WF_PROXY_BYTES_MAX = 4096 };

/* Parses the first bytes of a connection. `*head_out` is filled with DONE, `*text_out` says with
 * BROKEN what is wrong (static). A head means the same however it is cut; NEEDS_MORE comes for
 * fewer than WF_PROXY_BYTES_MAX bytes only. */
enum wf_proxy_protocol_result wf_proxy_protocol_parse(struct weft_bytes input,
                                                      struct wf_proxy_protocol_head *head_out,
                                                      const char **text_out);

#endif
