/* What proxies say of the request that they pass on: Forwarded (RFC 7239), and X-Forwarded-For,
 * -Proto and -Host that came before it. Read from the right: the last element is the nearest
 * proxy's, and what a client wrote to the left of it cannot change how it reads. */
#ifndef WF_CODEC_FORWARDED_H
#define WF_CODEC_FORWARDED_H

#include "codec/ip.h"
#include "weft/http.h"

/* The elements of a list over all fields of one name, last first. */
struct wf_forwarded_list {
    struct weft_headers headers;
    const char *name;
    size_t left; /* Fields not looked at. */
    struct weft_text rest;
    bool is_quoted; /* Its elements have quoted strings: Forwarded. */
};

/* Over fields of `name`; has_quotes: as Forwarded has them. */
struct wf_forwarded_list wf_forwarded_list_of(struct weft_headers headers, const char *name,
                                              bool has_quotes);

/* The next element to the left, without white space around it; empty ones are passed over. */
bool wf_forwarded_list_next(struct wf_forwarded_list *list, struct weft_text *element_out);

/* One element of Forwarded. The values are without their quotes; data NULL: not there. */
struct wf_forwarded_element {
    struct weft_text node; /* for= */
    struct weft_text proto;
    struct weft_text host;
};

/* RFC 7239 4. False: not well-formed, a parameter stands twice, or a value has a backslash, which
 * neither a node nor a scheme nor a host has a use for. */
bool wf_forwarded_parse(struct weft_text element, struct wf_forwarded_element *element_out);

enum wf_forwarded_kind {
    WF_FORWARDED_BROKEN,
    WF_FORWARDED_HIDDEN, /* "unknown" or "_something": who it is is not told. */
    WF_FORWARDED_IP,
};

struct wf_forwarded_node {
    enum wf_forwarded_kind kind;
    struct wf_ip ip;
    int32_t port; /* -1: none, or a hidden one. */
};

/* RFC 7239 6: "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]", "[2001:db8::1]:_port", "unknown",
 * "_hidden"; and, as X-Forwarded-For has it, an IPv6 address without brackets. */
struct wf_forwarded_node wf_forwarded_node_parse(struct weft_text text);

#endif
