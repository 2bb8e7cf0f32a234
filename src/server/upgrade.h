/* Which requests become WebSockets: the rules of a route. */
#ifndef WF_SERVER_UPGRADE_H
#define WF_SERVER_UPGRADE_H

#include "server/server.h"

/* Texts that a route was given, copied into one block. */
struct wf_text_list {
    size_t count;
    struct weft_text *items;
};

struct wf_upgrade {
    struct wf_socket_shape *shape;
    void (*on_upgrade)(weft_request *request, void *user);
    void *user;
    struct wf_text_list protocols;
    struct wf_text_list origins;
    bool protocol_required;
    bool origin_required;
};

/* Copies a route. WEFT_ERR_ARGUMENT: a protocol that is no token or stands twice, an origin that is
 * none. */
WEFT_MUST_USE weft_status wf_upgrade_create(weft_server *server, const struct weft_route *route,
                                            struct wf_upgrade **upgrade_out);
/* NULL is allowed. */
void wf_upgrade_destroy(const struct weft_allocator *allocator, struct wf_upgrade *upgrade);

/* Whether the request's Origin is one that the route lets in. scheme and host: what the client has
 * asked by and for, see wf_origin_is_of_host(). Pure. */
bool wf_upgrade_origin_is_allowed(const struct wf_upgrade *upgrade, struct weft_headers headers,
                                  const char *scheme, struct weft_text host);

/* The server's first protocol that was offered; data NULL: none. Pure. */
struct weft_text wf_upgrade_choose_protocol(const struct wf_upgrade *upgrade,
                                            const struct weft_text *offered, size_t offered_count);

/* Accepts the request of a socket that waits. client: who it is by the word of a trusted proxy;
 * NULL: the peer. Errors as wf_socket_accept(). */
WEFT_MUST_USE weft_status wf_upgrade_accept(weft_server *server, weft_socket *socket,
                                            const struct wf_upgrade *upgrade,
                                            const struct weft_engine_accept *accept, void *user,
                                            const char *client);

/* Accepts or refuses the request of a visit to a route, or leaves it to the user. */
void wf_upgrade_decide(struct wf_visit *visit);

#endif
