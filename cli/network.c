#include "network.h"

/* What the library thinks of one option; nobody is asked for anything, since the port is a bad one.
 */
static weft_status judge(const struct weft_connect_options *options)
{
    weft_loop *loop;
    weft_status status = weft_loop_create(NULL, &loop);
    if (status)
        return status;
    status = weft_socket_connect(loop, "ws://localhost:1/", options, NULL);
    weft_loop_destroy(loop);
    return status;
}

static bool is_wrong(weft_status status)
{
    return status == WEFT_ERR_SYNTAX || status == WEFT_ERR_UNSUPPORTED;
}

bool network_check(const char *command, const struct network_options *network)
{
    struct weft_connect_options proxy = { .proxy = network->proxy };
    struct weft_connect_options source = { .source_address = network->source_address };
    struct weft_connect_options device = { .bind_device = network->device };
    if (network->proxy && network->proxy_off)
        args_complain(command, "--proxy cannot be joined with --no-proxy");
    else if (network->proxy && is_wrong(judge(&proxy)))
        args_complain(command,
                      "--proxy %s: expected http://, socks5:// or socks5h:// with "
                      "[USER:PASSWORD@]HOST[:PORT]",
                      network->proxy);
    else if (network->source_address && is_wrong(judge(&source)))
        args_complain(command, "--source %s: expected a numeric address", network->source_address);
    else if (network->device && (!*network->device || is_wrong(judge(&device))))
        args_complain(command, "--interface %s: no interface has such a name", network->device);
    else
        return true;
    return false;
}

void network_apply(const struct network_options *network, struct weft_connect_options *options)
{
    options->proxy = network->proxy;
    options->proxy_from_environment = !network->proxy && !network->proxy_off;
    options->source_address = network->source_address;
    options->bind_device = network->device;
}
