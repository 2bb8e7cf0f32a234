#include "reach.h"

#include <string.h>

/* "660" or "0660"; 0: no mode. */
static uint32_t read_mode(const char *text)
{
    uint32_t mode = 0;
    if (strspn(text, "01234567") != strlen(text) || strlen(text) > 4)
        return 0;
    for (; *text; text++)
        mode = mode * 8 + (uint32_t)(*text - '0');
    return mode <= 0777 ? mode : 0;
}

static bool is_forwarded(const struct reach_options *options)
{
    return options->trusted_fields && strcmp(options->trusted_fields, "forwarded") == 0;
}

bool reach_check(const struct reach_options *options)
{
    const char *fields = options->trusted_fields;
    if (fields && !is_forwarded(options) && strcmp(fields, "x-forwarded") != 0)
        args_complain("serve", "--trusted-fields %s: expected x-forwarded or forwarded", fields);
    else if (fields && options->trusted_proxies.count == 0)
        args_complain("serve", "--trusted-fields is of no use without --trusted-proxy");
    else if (options->unix_mode && read_mode(options->unix_mode) == 0)
        args_complain("serve", "--unix-mode %s: expected an octal number up to 777",
                      options->unix_mode);
    else
        return true;
    return false;
}

void reach_fill_server(const struct reach_options *options, struct weft_server_options *server)
{
    server->trusted_proxies = options->trusted_proxies.items;
    server->trusted_proxy_count = options->trusted_proxies.count;
    server->trusted_fields = is_forwarded(options) ? WEFT_PROXY_FORWARDED : WEFT_PROXY_X_FORWARDED;
}

void reach_fill_listen(const struct reach_options *options, const char *address,
                       struct weft_listen_options *listen)
{
    listen->proxy_protocol_from = options->proxy_protocol_from.items;
    listen->proxy_protocol_from_count = options->proxy_protocol_from.count;
    if (strncmp(address, "unix:", 5) != 0)
        return;
    listen->unix_mode = options->unix_mode ? read_mode(options->unix_mode) : 0;
    listen->unix_user = options->unix_user;
    listen->unix_group = options->unix_group;
}
