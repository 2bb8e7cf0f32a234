/* Cookies of a request. Pure. RFC 6265. */
#ifndef WF_SERVER_COOKIE_H
#define WF_SERVER_COOKIE_H

#include "weft/http.h"

/* The value of the first cookie of that name, without quotes around it; data NULL: none. */
struct weft_text wf_cookie_find(struct weft_headers headers, struct weft_text name);

#endif
