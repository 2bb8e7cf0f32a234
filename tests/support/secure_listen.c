/* Apart, since tests without a server have no server to link. */
#include "support/secure.h"

weft_status secure_listen(weft_server *server, const char *address, char *address_out,
                          size_t address_out_bytes)
{
    struct weft_listen_options options = { .tls = secure_identity() };
    return weft_server_listen_with(server, address, &options, address_out, address_out_bytes);
}
