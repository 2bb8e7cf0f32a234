#include "server/listen_address.h"

static bool parse_port(struct weft_text digits, uint16_t *port_out)
{
    uint32_t port = 0;
    for (size_t i = 0; i < digits.count; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return false;
        port = port * 10 + (uint32_t)(digits.data[i] - '0');
        if (port > UINT16_MAX)
            return false;
    }
    *port_out = (uint16_t)port;
    return digits.count > 0;
}

static bool take_prefix(struct weft_text *text, const char *prefix)
{
    size_t bytes = strlen(prefix);
    if (text->count < bytes || memcmp(text->data, prefix, bytes) != 0)
        return false;
    text->data += bytes;
    text->count -= bytes;
    return true;
}

/* The last colon parts host and port. */
static const char *find_colon(struct weft_text text)
{
    for (size_t i = text.count; i > 0; i--) {
        if (text.data[i - 1] == ':')
            return text.data + i - 1;
    }
    return NULL;
}

static bool parse_host(struct weft_text host, struct wf_listen_address *address)
{
    if (host.count == 0 || (host.count == 1 && host.data[0] == '*')) {
        address->kind = WF_LISTEN_ANYWHERE;
        return true;
    }
    address->kind = WF_LISTEN_HOST;
    address->host = host;
    address->is_numeric = host.data[0] == '[';
    if (!address->is_numeric)
        return !memchr(host.data, ':', host.count);
    address->host = (struct weft_text){ host.data + 1, host.count - 2 };
    return host.count > 2 && host.data[host.count - 1] == ']';
}

/* What stands below 3 is the program's input and output. */
static bool parse_fd(struct weft_text digits, int *fd_out)
{
    uint16_t fd;
    if (!parse_port(digits, &fd))
        return false;
    *fd_out = fd;
    return fd >= 3;
}

weft_status wf_listen_address_parse(struct weft_text text, struct wf_listen_address *address_out)
{
    *address_out = (struct wf_listen_address){ 0 };
    if (take_prefix(&text, "unix:")) {
        address_out->kind = WF_LISTEN_PATH;
        address_out->host = text;
        return text.count ? WEFT_OK : WEFT_ERR_SYNTAX;
    }
    if (take_prefix(&text, "fd:")) {
        address_out->kind = WF_LISTEN_DESCRIPTOR;
        return parse_fd(text, &address_out->fd) ? WEFT_OK : WEFT_ERR_SYNTAX;
    }
    bool is_named = take_prefix(&text, "systemd:");
    if (is_named || (text.count == 7 && memcmp(text.data, "systemd", 7) == 0)) {
        address_out->kind = WF_LISTEN_INHERITED;
        address_out->host = is_named ? text : (struct weft_text){ text.data, 0 };
        return is_named && text.count == 0 ? WEFT_ERR_SYNTAX : WEFT_OK;
    }
    const char *colon = find_colon(text);
    if (!colon)
        return WEFT_ERR_SYNTAX;
    struct weft_text host = { text.data, (size_t)(colon - text.data) };
    struct weft_text port = { colon + 1, text.count - host.count - 1 };
    bool is_right = parse_port(port, &address_out->port) && parse_host(host, address_out);
    return is_right ? WEFT_OK : WEFT_ERR_SYNTAX;
}
