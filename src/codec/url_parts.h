/* What the files of url share: the text under construction, the sets of characters, the host
 * parser. */
#ifndef WF_CODEC_URL_PARTS_H
#define WF_CODEC_URL_PARTS_H

#include "weft/bytes.h"
#include "weft/status.h"

#include <stdbool.h>

/* The serialised URL grows here. Its capacity is computed before, so nothing can be too long. */
struct wf_url_out {
    char *data;
    size_t count;
    size_t capacity;
};

void wf_url_put(struct wf_url_out *out, struct weft_text text);
void wf_url_put_char(struct wf_url_out *out, char c);

/* URL Standard 1.3. Each set has all below it. */
enum wf_url_set {
    WF_URL_SET_QUERY, /* The special-query set. */
    WF_URL_SET_PATH,
    WF_URL_SET_USERINFO,
};

/* UTF-8 percent-encode: at most three characters for one. */
void wf_url_put_encoded(struct wf_url_out *out, struct weft_text text, enum wf_url_set set);

/* How much longer than its source a host can become: "1" is 0.0.0.1, an IPv6 address has at most 41
 * characters, and a name that was mapped to ASCII at most 255 (libidn2 sees to that). */
enum { WF_URL_HOST_GROWTH = 320 };

/* The host parser and serialiser of special URLs (URL Standard 3.5, 3.6). Leaves `out` changed on
 * failure. Errors: WEFT_ERR_SYNTAX, WEFT_ERR_MEMORY. */
WEFT_MUST_USE weft_status wf_url_put_host(struct wf_url_out *out, struct weft_text host,
                                          const char **reason);

/* A name in lower case and UTF-8 with a zero behind, in which labels of ASCII and symbols (emoji)
 * are "xn--" labels. False: there is none, or it does not fit. */
bool wf_url_encode_symbols(struct weft_text name, struct wf_url_out *out);

/* "[...]" without the brackets, and names that end in a number. */
WEFT_MUST_USE weft_status wf_url_put_ipv6(struct wf_url_out *out, struct weft_text address,
                                          const char **reason);
WEFT_MUST_USE weft_status wf_url_put_ipv4(struct wf_url_out *out, struct weft_text address,
                                          const char **reason);

/* The "ends in a number checker": then it must be an IPv4 address. */
bool wf_url_ends_in_number(struct weft_text host);

static inline weft_status wf_url_fail(const char **reason, const char *text)
{
    *reason = text;
    return WEFT_ERR_SYNTAX;
}

#endif
