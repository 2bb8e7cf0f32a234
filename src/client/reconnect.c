#include "client/reconnect.h"

#include "codec/http1.h"
#include "codec/http_date.h"

/* RFC 6455 7.4.1 and the registry of close codes: what a later attempt may find mended. */
static const uint16_t default_codes[] = { 1001, 1006, 1011, 1012, 1013, 1014 };

void wf_reconnect_resolve(struct weft_reconnect *reconnect)
{
    if (reconnect->first_delay_ms == 0)
        reconnect->first_delay_ms = 1000;
    if (reconnect->delay_max_ms == 0)
        reconnect->delay_max_ms = 30000;
    if (reconnect->retry_after_max_ms == 0)
        reconnect->retry_after_max_ms = 300000;
    if (!reconnect->close_codes) {
        reconnect->close_codes = default_codes;
        reconnect->close_code_count = sizeof default_codes / sizeof *default_codes;
    }
}

static bool has_code(const struct weft_reconnect *reconnect, uint16_t code)
{
    for (size_t i = 0; i < reconnect->close_code_count; i++)
        if (reconnect->close_codes[i] == code)
            return true;
    return false;
}

/* RFC 9110 15.5.9, 15.6 and RFC 6585 4: not now, but perhaps later. */
static bool is_passing(int status)
{
    return status == 408 || status == 429 || (status >= 500 && status <= 599);
}

bool wf_reconnect_is_wanted(const struct weft_reconnect *reconnect,
                            const struct weft_close_event *close)
{
    const struct weft_failure *failure = close->failure;
    if (!failure)
        return has_code(reconnect, close->code);
    switch (failure->kind) {
    case WEFT_FAILURE_RESOLVE:
    case WEFT_FAILURE_CONNECT:
    case WEFT_FAILURE_TIMEOUT:
    case WEFT_FAILURE_TRANSPORT:
        return has_code(reconnect, close->code);
    case WEFT_FAILURE_TLS:
        /* Cut off, as by a server that died; a certificate will be as wrong the next time. */
        return failure->status == WEFT_ERR_CLOSED && has_code(reconnect, close->code);
    case WEFT_FAILURE_HANDSHAKE:
        return is_passing(failure->http.status);
    case WEFT_FAILURE_PROXY: /* It is there, and could not, or was ended. */
        return failure->status == WEFT_ERR_SYSTEM || failure->status == WEFT_ERR_CLOSED ||
               is_passing(failure->http.status);
    default:
        return false; /* The next one would fail alike, or the user has ended it. */
    }
}

/* RFC 9110 10.2.3: seconds, or a date. 0: there is none, or it is past. */
static uint64_t retry_after_ms(const struct weft_http_answer *answer, int64_t unix_seconds)
{
    const struct weft_header *field = weft_headers_find(answer->headers, "Retry-After", NULL);
    int64_t date;
    uint64_t seconds = 0;
    if (!field)
        return 0;
    if (wf_http_date_parse(field->value, unix_seconds, &date))
        return date > unix_seconds ? (uint64_t)(date - unix_seconds) * 1000 : 0;
    for (size_t i = 0; i < field->value.count; i++) {
        char digit = field->value.data[i];
        if (digit < '0' || digit > '9')
            return 0;
        if (seconds < UINT32_MAX)
            seconds = seconds * 10 + (uint64_t)(digit - '0');
    }
    return seconds * 1000;
}

/* first * 2^(attempt - 1), at most the maximum. */
static uint32_t ceiling_ms(const struct weft_reconnect *reconnect, uint32_t attempt)
{
    uint64_t ceiling = reconnect->first_delay_ms;
    for (uint32_t i = 1; i < attempt && ceiling < reconnect->delay_max_ms; i++)
        ceiling *= 2;
    return ceiling < reconnect->delay_max_ms ? (uint32_t)ceiling : reconnect->delay_max_ms;
}

uint32_t wf_reconnect_delay_ms(const struct weft_reconnect *reconnect, uint32_t attempt,
                               const struct weft_close_event *close, uint32_t random,
                               int64_t unix_seconds)
{
    /* Full jitter: those who were dropped at once do not come back at once. */
    uint64_t range = (uint64_t)ceiling_ms(reconnect, attempt) + 1;
    uint64_t delay = (uint64_t)random * range >> 32;
    uint64_t wanted = 0;
    if (close->code == 1013)
        wanted = ceiling_ms(reconnect, 1);
    if (close->failure)
        wanted = retry_after_ms(&close->failure->http, unix_seconds);
    if (close->failure && wanted > reconnect->retry_after_max_ms)
        wanted = reconnect->retry_after_max_ms;
    return (uint32_t)(delay > wanted ? delay : wanted);
}
