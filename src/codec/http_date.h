/* Dates of HTTP (RFC 9110 5.6.7). */
#ifndef WF_CODEC_HTTP_DATE_H
#define WF_CODEC_HTTP_DATE_H

#include "weft/bytes.h"

#include <stdbool.h>

/* "Sun, 06 Nov 1994 08:49:37 GMT" and a zero. */
enum { WF_HTTP_DATE_BYTES = 30 };

/* unix_seconds  since 1970, of the years 1 to 9999; others are brought to the nearest of these. */
void wf_http_date_format(int64_t unix_seconds, char out[WF_HTTP_DATE_BYTES]);

/* Reads IMF-fixdate and the two obsolete forms (RFC 850, asctime).
 *
 * now  a two-digit year that would be over 50 years after this is of the century before.
 *
 * False: none of these, or no such day. */
bool wf_http_date_parse(struct weft_text text, int64_t now, int64_t *unix_seconds_out);

#endif
