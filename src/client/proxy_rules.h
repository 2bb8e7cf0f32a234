/* Which proxy leads to a URL: the one that the user has named, or that of the environment. */
#ifndef WF_CLIENT_PROXY_RULES_H
#define WF_CLIENT_PROXY_RULES_H

#include "client/proxy.h"
#include "codec/url.h"

/* What was given. The texts are empty where there is nothing. */
struct wf_proxy_rules {
    struct weft_text proxy; /* Named: leads everywhere. */
    bool uses_environment;  /* Else these. */
    struct weft_text http_proxy;
    struct weft_text https_proxy;
    struct weft_text all_proxy;
    struct weft_text no_proxy;
};

/* Reads the environment as curl does: small letters first; HTTP_PROXY in capitals is not looked at,
 * as in a CGI program it would be a header of the request. The texts are the environment's. */
void wf_proxy_rules_read(struct wf_proxy_rules *rules);

/* The text of the proxy's URL, and its name for people; empty: none. A Unix-domain socket has none.
 */
struct weft_text wf_proxy_rules_choose(const struct wf_proxy_rules *rules, const struct wf_url *url,
                                       const char **name_out);

#endif
