/* What a call answers: a status, its name and its text. */
#ifndef WEFT_STATUS_H
#define WEFT_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#    define WEFT_API      __attribute__((visibility("default")))
#    define WEFT_MUST_USE __attribute__((warn_unused_result))
#else
#    define WEFT_API
#    define WEFT_MUST_USE
#endif

/** Every status: name, value, text. X(name, value, text). The values never change. */
#define WEFT_STATUS_MAP(X)                                                                         \
    X(OK, 0, "done")                                                                               \
    X(ERR_MEMORY, -1, "no memory")                                                                 \
    X(ERR_ARGUMENT, -2, "an argument is not usable")                                               \
    X(ERR_STATE, -3, "not possible in this state")                                                 \
    X(ERR_SYNTAX, -4, "not well-formed (SyntaxError)")                                             \
    X(ERR_ACCESS, -5, "a close code that an application may not send (InvalidAccessError)")        \
    X(ERR_UTF8, -6, "the text is not UTF-8")                                                       \
    X(ERR_CLOSED, -7, "the connection is closed")                                                  \
    X(ERR_LIMIT, -8, "over a limit")                                                               \
    X(ERR_SYSTEM, -9, "a system call failed; errno says why")                                      \
    X(ERR_RESOLVE, -10, "the name could not be resolved")                                          \
    X(ERR_TIMEOUT, -11, "the time is over")                                                        \
    X(ERR_PROTOCOL, -12, "the peer broke the protocol")                                            \
    X(ERR_REFUSED, -13, "the peer refused the handshake")                                          \
    X(ERR_NOT_FOUND, -14, "not found")                                                             \
    X(ERR_UNSUPPORTED, -15, "not supported by this build")                                         \
    X(ERR_EXISTS, -16, "exists already")                                                           \
    X(ERR_NOT_READABLE, -17, "bytes of a file are gone (NotReadableError)")                        \
    X(ERR_FULL, -18, "the queue is full, and this was dropped")

#define WEFT_STATUS_ENUM(name, value, text) WEFT_##name = (value),
/** 0 is success, everything below 0 a failure. There are no positive values. */
typedef enum { WEFT_STATUS_MAP(WEFT_STATUS_ENUM) } weft_status;
#undef WEFT_STATUS_ENUM

/** The name of a status, "WEFT_ERR_UTF8"; "WEFT_ERR_?" for an unknown one. Static. Any thread. */
WEFT_API const char *weft_status_name(weft_status status);

/** One sentence for people, without a full stop. Static, never NULL. Any thread. */
WEFT_API const char *weft_status_text(weft_status status);

#ifdef __cplusplus
}
#endif
#endif
