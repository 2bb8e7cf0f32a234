#include "weft/status.h"

#include "weft/failure.h"
#include "weft/weft.h"

const char *weft_status_name(weft_status status)
{
    switch (status) {
#define NAME_CASE(name, value, text)                                                               \
    case WEFT_##name:                                                                              \
        return "WEFT_" #name;
        WEFT_STATUS_MAP(NAME_CASE)
#undef NAME_CASE
    }
    return "WEFT_ERR_?";
}

const char *weft_status_text(weft_status status)
{
    switch (status) {
#define TEXT_CASE(name, value, text)                                                               \
    case WEFT_##name:                                                                              \
        return text;
        WEFT_STATUS_MAP(TEXT_CASE)
#undef TEXT_CASE
    }
    return "an unknown status";
}

const char *weft_failure_kind_name(enum weft_failure_kind kind)
{
    static const char *const names[] = {
        [WEFT_FAILURE_NONE] = "none",
        [WEFT_FAILURE_PROTOCOL] = "protocol",
        [WEFT_FAILURE_LIMIT] = "limit",
        [WEFT_FAILURE_HANDSHAKE] = "handshake",
        [WEFT_FAILURE_RESOLVE] = "resolve",
        [WEFT_FAILURE_CONNECT] = "connect",
        [WEFT_FAILURE_TLS] = "tls",
        [WEFT_FAILURE_TIMEOUT] = "timeout",
        [WEFT_FAILURE_TRANSPORT] = "transport",
        [WEFT_FAILURE_MEMORY] = "memory",
        [WEFT_FAILURE_ABORTED] = "aborted",
        [WEFT_FAILURE_BLOCKED] = "blocked",
        [WEFT_FAILURE_PROXY] = "proxy",
        [WEFT_FAILURE_STORAGE] = "storage",
    };
    size_t index = (size_t)kind;
    return index < sizeof names / sizeof *names ? names[index] : "unknown";
}

const char *weft_version(void)
{
    return WEFT_VERSION;
}
