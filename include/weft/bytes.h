/* Spans: a pointer and a count. They own nothing; who hands one out says how long it stays valid.
 */
#ifndef WEFT_BYTES_H
#define WEFT_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** Bytes to read. `data` may be NULL when `count` is 0. */
struct weft_bytes {
    const uint8_t *data;
    size_t count;
};

/** Bytes that the receiver of the span may change in place. */
struct weft_buffer {
    uint8_t *data;
    size_t count;
};

/** Characters (UTF-8, or ASCII in HTTP heads). Not terminated by a zero. */
struct weft_text {
    const char *data;
    size_t count;
};

#ifdef __cplusplus
/** The span of a string literal. */
#    define WEFT_TEXT_LITERAL(literal) (weft_text{ ("" literal), sizeof(literal) - 1 })
#else
#    define WEFT_TEXT_LITERAL(literal) ((struct weft_text){ ("" literal), sizeof(literal) - 1 })
#endif

/** For a `text_bytes` parameter: the text ends at its first zero byte. */
#define WEFT_ZERO_TERMINATED ((size_t)-1)

/** For a limit: there is none. */
#define WEFT_NO_LIMIT UINT64_MAX

/** The span of a string that ends with a zero; NULL gives the empty span. */
static inline struct weft_text weft_text_of(const char *string)
{
    struct weft_text text = { string, string ? strlen(string) : 0 };
    return text;
}

/** The same characters as bytes. */
static inline struct weft_bytes weft_bytes_of(struct weft_text text)
{
    struct weft_bytes bytes = { (const uint8_t *)text.data, text.count };
    return bytes;
}

#endif
