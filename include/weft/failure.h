/* Why a connection ended: what a browser hides and a native program must know. */
#ifndef WEFT_FAILURE_H
#define WEFT_FAILURE_H

#include "weft/http.h"
#include "weft/status.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Who or what ended a connection. */
enum weft_failure_kind {
    WEFT_FAILURE_NONE = 0,
    WEFT_FAILURE_PROTOCOL,  /* The peer broke a rule; `rule` says which. */
    WEFT_FAILURE_LIMIT,     /* A limit was passed; `limit_name` and `limit` say which. */
    WEFT_FAILURE_HANDSHAKE, /* The handshake was refused or wrong; `http` has the answer, if one
                               came. */
    WEFT_FAILURE_RESOLVE,   /* The name has no address. */
    WEFT_FAILURE_CONNECT,   /* No address answered; `system_error` is the last one's. */
    WEFT_FAILURE_TLS,       /* The secure channel failed. */
    WEFT_FAILURE_TIMEOUT,   /* Something took too long; `limit` is the time in ms. */
    WEFT_FAILURE_TRANSPORT, /* Reset, or ended without a Close frame. */
    WEFT_FAILURE_MEMORY,    /* No memory. */
    WEFT_FAILURE_ABORTED,   /* close() came before the connection was open, or the loop ended. */
    WEFT_FAILURE_BLOCKED,   /* A bad port of the Fetch standard. */
    WEFT_FAILURE_STORAGE,   /* The file of a blob could not be read or written; `system_error`. */
    WEFT_FAILURE_PROXY,     /* The proxy refused, or could not, or is none. `http.status` is what an
                               HTTP proxy answered, `system_error` what a SOCKS reply means. */
};

/** Lent for the callback that gets it; every text in it too. Zero-filled where nothing is known. */
struct weft_failure {
    enum weft_failure_kind kind;
    weft_status status;     /* The status that fits best. */
    uint16_t close_code;    /* The code of the Close frame that was sent; 0: none was. */
    const char *text;       /* One sentence for people, never NULL. */
    const char *rule;       /* "RFC 6455 5.2", or NULL. */
    const char *limit_name; /* The option's name, "message_bytes_max", or NULL. */
    uint64_t limit;         /* Its value. */
    int system_error;       /* errno, or 0. */
    struct weft_http_answer http;
};

/** The name of a kind, "handshake". Static, never NULL. Any thread. */
WEFT_API const char *weft_failure_kind_name(enum weft_failure_kind kind);

#ifdef __cplusplus
}
#endif
#endif
