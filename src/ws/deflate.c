#include "ws/deflate.h"

#include "codec/http1.h"
#include "ws/head.h"

enum { BITS_MAX = WF_DEFLATE_BITS_MAX, RATIO_MAX = 1000, LEVEL = 1, LEVEL_MAX = 9 };
static const uint64_t context_bytes_max = 64 << 20;
static const char extension_name[] = "permessage-deflate";

/* ---- settings ---- */

static void resolve_bits(uint8_t *bits)
{
    if (*bits == 0 || *bits > BITS_MAX)
        *bits = BITS_MAX;
    if (*bits < WF_DEFLATE_BITS_MIN)
        *bits = WF_DEFLATE_BITS_MIN;
}

static void resolve_takeover(enum weft_takeover *takeover, enum weft_side side)
{
    if (*takeover == WEFT_TAKEOVER_DEFAULT)
        *takeover = side == WEFT_CLIENT ? WEFT_TAKEOVER_ON : WEFT_TAKEOVER_OFF;
}

void wf_engine_resolve_deflate(struct weft_deflate_settings *settings, enum weft_side side)
{
    resolve_bits(&settings->client_window_bits);
    resolve_bits(&settings->server_window_bits);
    resolve_takeover(&settings->client_takeover, side);
    resolve_takeover(&settings->server_takeover, side);
    if (settings->level == 0)
        settings->level = LEVEL;
    if (settings->level > LEVEL_MAX)
        settings->level = LEVEL_MAX;
    if (settings->inflate_ratio_max == 0)
        settings->inflate_ratio_max = RATIO_MAX;
    if (settings->context_bytes_max == 0)
        settings->context_bytes_max = context_bytes_max;
}

/* ---- what is written ---- */

static void put_param(struct wf_head *text, const char *name, unsigned bits)
{
    wf_head_put_string(text, "; ");
    wf_head_put_string(text, name);
    if (bits == 0)
        return;
    wf_head_put_string(text, "=");
    wf_head_put_number(text, bits);
}

/* It is written through text.at. NOLINTNEXTLINE(readability-non-const-parameter) */
size_t wf_deflate_offer(const struct weft_deflate_settings *settings, char out[WF_DEFLATE_TEXT_MAX])
{
    struct wf_head text = { .at = out };
    wf_head_put_string(&text, extension_name);
    if (settings->server_takeover == WEFT_TAKEOVER_OFF)
        put_param(&text, "server_no_context_takeover", 0);
    if (settings->client_takeover == WEFT_TAKEOVER_OFF)
        put_param(&text, "client_no_context_takeover", 0);
    if (settings->server_window_bits < BITS_MAX)
        put_param(&text, "server_max_window_bits", settings->server_window_bits);
    /* Always: it lets the server choose. RFC 7692 7.1.2.2. */
    put_param(&text, "client_max_window_bits",
              settings->client_window_bits < BITS_MAX ? settings->client_window_bits : 0);
    return text.count;
}

/* It is written through text.at. NOLINTNEXTLINE(readability-non-const-parameter) */
size_t wf_deflate_answer(const struct wf_deflate_terms *terms, char out[WF_DEFLATE_TEXT_MAX])
{
    struct wf_head text = { .at = out };
    wf_head_put_string(&text, extension_name);
    if (!terms->server_takeover)
        put_param(&text, "server_no_context_takeover", 0);
    if (!terms->client_takeover)
        put_param(&text, "client_no_context_takeover", 0);
    if (terms->names_server_bits)
        put_param(&text, "server_max_window_bits", terms->server_bits);
    if (terms->names_client_bits)
        put_param(&text, "client_max_window_bits", terms->client_bits);
    return text.count;
}

/* ---- what is read ---- */

enum param { SERVER_NO_TAKEOVER, CLIENT_NO_TAKEOVER, SERVER_BITS, CLIENT_BITS, PARAM_COUNT };

/* One extension of a header, with its parameters. */
struct element {
    bool is_deflate;
    bool is_broken; /* A parameter is unknown, comes twice, or has a wrong value. RFC 7692 7.1. */
    bool has[PARAM_COUNT];
    uint8_t bits[PARAM_COUNT]; /* 0: no value. */
};

static bool equals(struct weft_text text, const char *string)
{
    return text.count == strlen(string) && memcmp(text.data, string, text.count) == 0;
}

static enum param param_of(struct weft_text name)
{
    static const char *const names[PARAM_COUNT] = {
        [SERVER_NO_TAKEOVER] = "server_no_context_takeover",
        [CLIENT_NO_TAKEOVER] = "client_no_context_takeover",
        [SERVER_BITS] = "server_max_window_bits",
        [CLIENT_BITS] = "client_max_window_bits",
    };
    int param = 0;
    while (param < PARAM_COUNT && !equals(name, names[param]))
        param++;
    return (enum param)param;
}

/* RFC 7692 7.1.2: 8 to 15, in decimal, without leading zeros. 0: it is nothing of that. */
static uint8_t bits_of(struct weft_text value)
{
    if (value.count == 1 && (value.data[0] == '8' || value.data[0] == '9'))
        return (uint8_t)(value.data[0] - '0');
    if (value.count == 2 && value.data[0] == '1' && value.data[1] >= '0' && value.data[1] <= '5')
        return (uint8_t)(10 + value.data[1] - '0');
    return 0;
}

static void note_param(struct element *element, struct weft_text name, struct weft_text value)
{
    enum param param = param_of(name);
    if (param == PARAM_COUNT || element->has[param]) {
        element->is_broken = true;
        return;
    }
    element->has[param] = true;
    if (!value.data)
        return;
    bool takes_value = param == SERVER_BITS || param == CLIENT_BITS;
    element->bits[param] = takes_value ? bits_of(value) : 0;
    if (element->bits[param] == 0)
        element->is_broken = true;
}

/* The elements one by one. */
struct reader {
    struct wf_http1_extensions extensions;
    struct weft_text next_name; /* Of the element behind. */
    bool is_started;
};

static bool read_element(struct reader *reader, struct element *element)
{
    struct weft_text name, value;
    if (!reader->is_started && wf_http1_extensions_next(&reader->extensions, &reader->next_name,
                                                        &value) != WF_HTTP1_EXTENSION)
        return false;
    if (!reader->next_name.data)
        return false;
    reader->is_started = true;
    *element = (struct element){ .is_deflate = equals(reader->next_name, extension_name) };
    enum wf_http1_extension_item item;
    while ((item = wf_http1_extensions_next(&reader->extensions, &name, &value)) ==
           WF_HTTP1_EXTENSION_PARAM)
        note_param(element, name, value);
    reader->next_name = item == WF_HTTP1_EXTENSION ? name : (struct weft_text){ 0 };
    return true;
}

static struct reader reader_of(struct weft_headers headers)
{
    return (
        struct reader){ .extensions = { .headers = headers, .name = "Sec-WebSocket-Extensions" } };
}

static uint8_t smaller(uint8_t one, uint8_t other)
{
    return one < other ? one : other;
}

/* ---- server ---- */

static bool honour(const struct element *offer, const struct weft_deflate_settings *settings,
                   bool is_scarce, struct wf_deflate_terms *terms)
{
    /* RFC 7692 7.1.2.1: in an offer this parameter has a value. */
    if (!offer->is_deflate || offer->is_broken ||
        (offer->has[SERVER_BITS] && offer->bits[SERVER_BITS] == 0))
        return false;
    uint8_t asked = offer->has[SERVER_BITS] ? offer->bits[SERVER_BITS] : BITS_MAX;
    uint8_t allowed = offer->bits[CLIENT_BITS] ? offer->bits[CLIENT_BITS] : BITS_MAX;
    if (asked < WF_DEFLATE_BITS_MIN)
        return false;
    *terms = (struct wf_deflate_terms){
        .client_bits = BITS_MAX,
        .server_bits = smaller(asked, settings->server_window_bits),
        /* RFC 7692 7.1.1: the server may ask for less than was offered, not for more. */
        .server_takeover = !offer->has[SERVER_NO_TAKEOVER] && !is_scarce &&
                           settings->server_takeover == WEFT_TAKEOVER_ON,
        .client_takeover = !offer->has[CLIENT_NO_TAKEOVER] && !is_scarce &&
                           settings->client_takeover == WEFT_TAKEOVER_ON,
    };
    terms->names_server_bits = offer->has[SERVER_BITS] || terms->server_bits < BITS_MAX;
    /* RFC 7692 7.1.2.2: a client that does not offer it uses what it likes. */
    if (offer->has[CLIENT_BITS])
        terms->client_bits = smaller(allowed, settings->client_window_bits);
    terms->names_client_bits = terms->client_bits < BITS_MAX;
    return true;
}

bool wf_deflate_choose(struct weft_headers headers, const struct weft_deflate_settings *settings,
                       bool is_scarce, struct wf_deflate_terms *terms)
{
    struct reader reader = reader_of(headers);
    struct element offer;
    if (settings->off)
        return false;
    while (read_element(&reader, &offer))
        if (honour(&offer, settings, is_scarce, terms))
            return true;
    return false;
}

/* ---- client ---- */

/* RFC 7692 7.1.2: what was offered as a limit is answered with it or less. */
static bool bits_fit(const struct element *answer, enum param param, uint8_t offered,
                     bool must_answer)
{
    if (!answer->has[param])
        return !must_answer;
    return answer->bits[param] != 0 && answer->bits[param] <= offered;
}

static bool fits(const struct element *answer, const struct weft_deflate_settings *settings)
{
    /* RFC 7692 7.1.1.1: it is accepted by being repeated. */
    if (settings->server_takeover == WEFT_TAKEOVER_OFF && !answer->has[SERVER_NO_TAKEOVER])
        return false;
    return !answer->is_broken &&
           bits_fit(answer, SERVER_BITS, settings->server_window_bits,
                    settings->server_window_bits < BITS_MAX) &&
           bits_fit(answer, CLIENT_BITS, settings->client_window_bits, false);
}

static struct wf_deflate_terms terms_of(const struct element *answer,
                                        const struct weft_deflate_settings *settings)
{
    uint8_t client_bits = answer->bits[CLIENT_BITS];
    uint8_t server_bits = answer->bits[SERVER_BITS];
    return (struct wf_deflate_terms){
        /* RFC 7692 7.1.2.2: an offered limit is a promise, whether it is answered or not. */
        .client_bits = client_bits ? client_bits : settings->client_window_bits,
        .server_bits = server_bits ? server_bits : BITS_MAX,
        .client_takeover = !answer->has[CLIENT_NO_TAKEOVER],
        .server_takeover = !answer->has[SERVER_NO_TAKEOVER],
        .names_client_bits = answer->has[CLIENT_BITS],
        .names_server_bits = answer->has[SERVER_BITS],
    };
}

enum wf_fault wf_deflate_judge(struct weft_headers headers,
                               const struct weft_deflate_settings *settings,
                               struct wf_deflate_terms *terms, bool *is_agreed_out)
{
    struct reader reader = reader_of(headers);
    struct element answer;
    *is_agreed_out = false;
    while (read_element(&reader, &answer)) {
        if (!answer.is_deflate || settings->off)
            return WF_FAULT_ANSWER_EXTENSION;
        if (*is_agreed_out || !fits(&answer, settings))
            return WF_FAULT_ANSWER_DEFLATE;
        *terms = terms_of(&answer, settings);
        *is_agreed_out = true;
    }
    return reader.extensions.is_broken ? WF_FAULT_ANSWER_EXTENSION : WF_FAULT_NONE;
}
