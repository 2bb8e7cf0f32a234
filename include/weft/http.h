/* The parts of an HTTP message that a handshake shows: header fields and an answer. */
#ifndef WEFT_HTTP_H
#define WEFT_HTTP_H

#include "weft/bytes.h"
#include "weft/status.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One header field. RFC 9110 section 5. `value` is without surrounding white space. */
struct weft_header {
    struct weft_text name;
    struct weft_text value;
};

/** Header fields in the order of the message. Lent by whoever hands it out. */
struct weft_headers {
    const struct weft_header *items;
    size_t count;
};

/** An HTTP answer as it was received. */
struct weft_http_answer {
    int status;              /* 100 to 999; 0: there was none. */
    struct weft_text reason; /* The reason phrase, may be empty. */
    struct weft_headers headers;
    struct weft_bytes body; /* At most what the limit let in. */
    bool body_truncated;    /* The body was longer than the limit, or was cut. */
};

/**
 * Finds a header field by its name, without regard to case (RFC 9110 5.1).
 *
 * after  NULL for the first, or an item found before, to go on behind it.
 *
 * Returns the field inside `headers`, or NULL. Allocates nothing. Any thread.
 */
WEFT_API const struct weft_header *weft_headers_find(struct weft_headers headers, const char *name,
                                                     const struct weft_header *after);

#ifdef __cplusplus
}
#endif
#endif
