#include "trust.h"

#include "report.h"

enum { ERROR_BYTES_MAX = 512 };

static enum cli_status complain(weft_status status, const char *error)
{
    report_error("TLS: %s", error[0] ? error : weft_status_text(status));
    return CLI_FAILED;
}

enum cli_status trust_create(const char *command, const struct trust_options *options,
                             weft_tls **tls_out)
{
    const struct weft_tls_client_options wanted = {
        .ca_file = options->ca_file,
        .insecure = options->is_insecure,
        .certificate = { options->certificate_file, options->key_file },
        .pinned_keys = options->pinned_keys.items,
        .pinned_key_count = options->pinned_keys.count,
    };
    char error[ERROR_BYTES_MAX] = "";
    *tls_out = NULL;
    if (!options->certificate_file != !options->key_file)
        return args_complain(command, "--cert and --key belong together");
    if (!options->ca_file && !options->is_insecure && !options->certificate_file &&
        !options->pinned_keys.count)
        return CLI_DONE;
    weft_status status = weft_tls_client_create(&wanted, tls_out, error, sizeof error);
    return status ? complain(status, error) : CLI_DONE;
}

enum cli_status identity_create(const struct identity_options *options, weft_tls **tls_out)
{
    struct weft_tls_certificate certificates[ARGS_TEXTS_MAX];
    size_t count = options->certificate_files.count;
    char error[ERROR_BYTES_MAX] = "";
    *tls_out = NULL;
    if (count != options->key_files.count)
        return args_complain("serve", "each --tls-cert needs its --tls-key");
    if (options->ca_file && count == 0)
        return args_complain("serve", "--tls-ca needs --tls-cert and --tls-key");
    if (count == 0)
        return CLI_DONE;
    for (size_t i = 0; i < count; i++)
        certificates[i] = (struct weft_tls_certificate){ options->certificate_files.items[i],
                                                         options->key_files.items[i] };
    const struct weft_tls_server_options wanted = {
        .certificates = certificates,
        .certificate_count = count,
        .ca_file = options->ca_file,
        .client_certificate = options->ca_file ? WEFT_TLS_REQUIRED : WEFT_TLS_NOT_ASKED,
    };
    weft_status status = weft_tls_server_create(&wanted, tls_out, error, sizeof error);
    if (status)
        return complain(status, error);
    if (error[0])
        report_status("TLS: %s", error); /* A warning. */
    return CLI_DONE;
}

void identity_reload(weft_tls *tls, bool quiet)
{
    char error[ERROR_BYTES_MAX] = "";
    weft_status status = weft_tls_reload(tls, error, sizeof error);
    if (status)
        report_error("the certificates stay as they are: %s",
                     error[0] ? error : weft_status_text(status));
    else if (!quiet)
        report_status("the certificates were read again");
}
