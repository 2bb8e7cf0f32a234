#include "codec/base64.h"
#include "tls/identity.h"

#include <stdlib.h>
#include <string.h>

enum {
    TICKET_LIFETIME_S = 7200,
    TICKET_LIFETIME_S_MAX = 604800, /* RFC 8446 4.6.1: seven days. */
    SESSIONS = 64,
    SESSIONS_MAX = 4096,
    CERTIFICATE_COUNT_MAX = 1024,
    PIN_COUNT_MAX = 1024,
};

static weft_status refuse(const struct wf_complaint *complaint, const char *text)
{
    wf_complaint_write(complaint, "%s", text);
    return WEFT_ERR_ARGUMENT;
}

static bool copy_text(const char *text, char **copy_out)
{
    *copy_out = text ? strdup(text) : NULL;
    return !text || *copy_out;
}

static weft_status copy_certificates(struct wf_settings *settings,
                                     const struct weft_tls_certificate *certificates, size_t count,
                                     const struct wf_complaint *complaint)
{
    settings->certificates = calloc(count ? count : 1, sizeof *settings->certificates);
    if (!settings->certificates)
        return WEFT_ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        const struct weft_tls_certificate *from = &certificates[i];
        if (!from->certificate_file || !from->key_file)
            return refuse(complaint, "a certificate needs its file and the file of its key");
        char *certificate_file = NULL;
        char *key_file = NULL;
        bool is_copied = copy_text(from->certificate_file, &certificate_file) &&
                         copy_text(from->key_file, &key_file);
        settings->certificates[settings->certificate_count++] =
            (struct weft_tls_certificate){ certificate_file, key_file };
        if (!is_copied)
            return WEFT_ERR_MEMORY;
    }
    return WEFT_OK;
}

static bool version_is_known(enum weft_tls_version version)
{
    return version == WEFT_TLS_DEFAULT || version == WEFT_TLS_1_2 || version == WEFT_TLS_1_3;
}

static bool client_certificate_is_known(enum weft_tls_client_certificate wanted)
{
    return wanted == WEFT_TLS_NOT_ASKED || wanted == WEFT_TLS_OPTIONAL ||
           wanted == WEFT_TLS_REQUIRED;
}

weft_status wf_settings_copy_server(struct wf_settings *settings,
                                    const struct weft_tls_server_options *options,
                                    const struct wf_complaint *complaint)
{
    if (!options || !options->certificates || !options->certificate_count ||
        options->certificate_count > CERTIFICATE_COUNT_MAX)
        return refuse(complaint, "a TLS server needs a certificate");
    if (!version_is_known(options->version_min) ||
        !client_certificate_is_known(options->client_certificate))
        return refuse(complaint, "an option of TLS has a value that does not exist");
    if (options->client_certificate != WEFT_TLS_NOT_ASKED && !options->ca_file)
        return refuse(complaint, "certificates of clients need a file of authorities");
    if (options->ticket_lifetime_s > TICKET_LIFETIME_S_MAX)
        return refuse(complaint, "tickets may live for 604800 seconds at most");

    settings->is_server = true;
    settings->tickets_off = options->tickets_off;
    settings->client_certificate = options->client_certificate;
    settings->version_min = options->version_min;
    settings->ticket_lifetime_s =
        options->ticket_lifetime_s ? options->ticket_lifetime_s : TICKET_LIFETIME_S;
    if (!copy_text(options->ca_file, &settings->ca_file))
        return WEFT_ERR_MEMORY;
    return copy_certificates(settings, options->certificates, options->certificate_count,
                             complaint);
}

static bool parse_pin(const char *text, uint8_t pin[WF_PIN_BYTES])
{
    static const char prefix[] = "sha256//";
    enum { DIGITS = WF_BASE64_TEXT_BYTES(WF_PIN_BYTES) };
    uint8_t decoded[WF_BASE64_DATA_MAX(DIGITS)];
    size_t count = 0;
    if (!text || strncmp(text, prefix, sizeof prefix - 1) != 0)
        return false;
    struct weft_text digits = weft_text_of(text + sizeof prefix - 1);
    if (digits.count != DIGITS || !wf_base64_decode(digits, decoded, &count) ||
        count != WF_PIN_BYTES)
        return false;
    memcpy(pin, decoded, WF_PIN_BYTES);
    return true;
}

static weft_status copy_pins(struct wf_settings *settings, const char *const *pins, size_t count,
                             const struct wf_complaint *complaint)
{
    if (count == 0)
        return WEFT_OK;
    if (!pins || count > PIN_COUNT_MAX)
        return refuse(complaint, "too many pinned keys");
    settings->pins = calloc(count, sizeof *settings->pins);
    if (!settings->pins)
        return WEFT_ERR_MEMORY;
    for (; settings->pin_count < count; settings->pin_count++)
        if (!parse_pin(pins[settings->pin_count], settings->pins[settings->pin_count]))
            return refuse(complaint,
                          "a pinned key is \"sha256//\" and the base 64 of a SHA-256 sum");
    return WEFT_OK;
}

weft_status wf_settings_copy_client(struct wf_settings *settings,
                                    const struct weft_tls_client_options *options,
                                    const struct wf_complaint *complaint)
{
    static const struct weft_tls_client_options defaults = { 0 };
    if (!options)
        options = &defaults;
    if (!version_is_known(options->version_min))
        return refuse(complaint, "an option of TLS has a value that does not exist");
    if (options->sessions_max > SESSIONS_MAX)
        return refuse(complaint, "4096 sessions can be remembered at most");

    settings->insecure = options->insecure;
    settings->version_min = options->version_min;
    settings->resumption_off = options->resumption_off;
    settings->sessions_max = options->sessions_max ? options->sessions_max : SESSIONS;
    if (!copy_text(options->ca_file, &settings->ca_file))
        return WEFT_ERR_MEMORY;
    const struct weft_tls_certificate *own = &options->certificate;
    size_t count = own->certificate_file || own->key_file ? 1 : 0;
    weft_status status = copy_certificates(settings, own, count, complaint);
    if (status)
        return status;
    return copy_pins(settings, options->pinned_keys, options->pinned_key_count, complaint);
}

void wf_settings_drop(struct wf_settings *settings)
{
    for (size_t i = 0; i < settings->certificate_count; i++) {
        free((char *)settings->certificates[i].certificate_file);
        free((char *)settings->certificates[i].key_file);
    }
    free(settings->certificates);
    free(settings->ca_file);
    free(settings->pins);
}
