/* IP addresses and nets, as bytes and as text. */
#ifndef WF_CODEC_IP_H
#define WF_CODEC_IP_H

#include "weft/bytes.h"

#include <stdbool.h>

/* An IPv4 address in IPv6 clothes (::ffff:192.0.2.1), as a socket of both families shows it, is the
 * IPv4 address. */
struct wf_ip {
    uint8_t bytes[16];
    uint8_t count; /* 4 or 16. */
};

struct wf_ip_net {
    struct wf_ip ip;
    uint8_t bits; /* That count. */
};

enum { WF_IP_TEXT_MAX = 64 };

/* count  4 or 16. */
struct wf_ip wf_ip_of(const uint8_t *bytes, size_t count);

/* "192.0.2.1" (no leading zeros), "2001:db8::1"; no brackets, no zone. False: anything else. */
bool wf_ip_parse(struct weft_text text, struct wf_ip *ip_out);

/* "192.0.2.1" and "2001:db8::1"; with a port (0 to 65 535; -1: none) "192.0.2.1:80" and
 * "[2001:db8::1]:80". out has room for WF_IP_TEXT_MAX. */
void wf_ip_text(const struct wf_ip *ip, int32_t port, char *out);

/* "192.0.2.1" (all bits), "10.0.0.0/8", "2001:db8::/32". False: anything else; also bits that are
 * set behind the prefix, which is a mistake of the writer's. */
bool wf_ip_net_parse(struct weft_text text, struct wf_ip_net *net_out);

bool wf_ip_net_has(const struct wf_ip_net *net, const struct wf_ip *ip);

/* 0 to 65 535 in decimal without leading zeros. */
bool wf_ip_port_parse(struct weft_text digits, uint16_t *port_out);

#endif
