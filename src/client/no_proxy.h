/* no_proxy: the hosts that are reached without a proxy. */
#ifndef WF_CLIENT_NO_PROXY_H
#define WF_CLIENT_NO_PROXY_H

#include "weft/bytes.h"

#include <stdbool.h>

/* Whether a list has a host. Its entries are parted by commas or spaces, and each is one of
 *   *                   all hosts, when it is the whole list;
 *   example.com         that name and all below it; so are .example.com and example.com.;
 *   192.0.2.1, ::1      that address; an IPv6 address may stand in brackets;
 *   10.0.0.0/8, fd00::/8  these addresses;
 * each but the first and the last may have a port behind it (":8080"; then the IPv6 address has
 * brackets), and is for that port alone. All but the ports are curl's rules. What is none of these
 * has no host.
 *
 * host  as in a URL, without brackets. */
bool wf_no_proxy_has(struct weft_text list, struct weft_text host, uint16_t port);

#endif
