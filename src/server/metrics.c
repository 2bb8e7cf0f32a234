/* What a server counts. */
#include "server/server.h"

void weft_server_get_counts(const weft_server *server, struct weft_server_counts *counts_out)
{
    *counts_out = server->counts;
}
