/* A request as the user sees it: a copy, since its client may go before it is answered. */
#ifndef WF_SERVER_REQUEST_H
#define WF_SERVER_REQUEST_H

#include "server/upgrade.h"

enum wf_request_state { WF_REQUEST_WAITS, WF_REQUEST_IS_DEFERRED, WF_REQUEST_IS_ANSWERED };

struct weft_request {
    struct wf_owned owned;
    struct wf_link link;        /* In the server's list. */
    weft_server *server;        /* NULL: destroyed. */
    weft_socket *socket;        /* NULL: the client has gone. */
    struct wf_upgrade *upgrade; /* NULL: a plain request. */
    struct weft_allocator
        allocator; /* A copy: the request may outlive the loop. `allocate` NULL: malloc. */
    enum wf_request_state state;
    bool is_in_callback; /* Freed behind it. */
    bool is_head;
    bool has_failed; /* An answer was not well-formed. What was to be refused must not be let in for
                        it. */
    struct weft_text method;
    struct weft_text path;
    struct weft_text query;
    struct weft_headers headers;
    size_t protocol_count;
    struct weft_text *protocols;
    struct weft_headers params; /* Of the pattern; the wildcard's name is "*". */
    const char *scheme;         /* Static. */
    struct weft_text host;      /* data NULL: none. */
    bool is_by_proxy;           /* `client` is told by a trusted proxy, and the peer is that. */
    char client[WF_ADDRESS_TEXT_MAX];
    char peer[WF_ADDRESS_TEXT_MAX];
};

/* Copies what a visit knows, and hangs the request on its socket. upgrade NULL: a plain request.
 * NULL: no memory. */
weft_request *wf_request_create(const struct wf_visit *visit, struct wf_upgrade *upgrade);

/* Lets the user see it (on_seen may be NULL). True: it was neither answered nor deferred, and still
 * waits. False: it may be gone. */
bool wf_request_show(weft_request *request, void (*on_seen)(weft_request *request, void *user),
                     void *user);

/* The client has gone, or the server: what was deferred waits for its answer still. */
void wf_request_lose_client(weft_request *request);

/* It is answered, or never will be: it is gone, once no callback looks at it any more. */
void wf_request_finish(weft_request *request);

#endif
