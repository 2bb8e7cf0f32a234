/* A look-up, and who does it: between resolve.c, which knows hosts, and resolve_ares.c. */
#ifndef WF_IO_QUERY_H
#define WF_IO_QUERY_H

#include "io/resolve.h"
#include "io/timer.h"

enum { WF_RESOLVE_ADDRESSES_MAX = 32, WF_RESOLVE_FAILURE_BYTES = 384 };

struct wf_resolver; /* One per loop. */

struct wf_resolve {
    weft_loop *loop;
    struct wf_link link;  /* Of those that have somebody to tell; a cancelled one is in no list. */
    struct wf_timer told; /* Soon. */
    void (*on_resolved)(void *user, const struct wf_address *addresses, size_t count,
                        const char *failure_text);
    void *user;
    uint16_t port;
    bool is_asked; /* The resolver holds it, and ends with wf_resolve_answer(). */
    size_t address_count;
    struct wf_address *addresses;
    char failure_text[WF_RESOLVE_FAILURE_BYTES];
    char host[];
};

/* The answer, also from inside wf_resolver_ask(). Calls nobody: that is for the end of the turn.
 * `addresses` is copied, their ports are set. */
void wf_resolve_answer(struct wf_resolve *resolve, const struct wf_address *addresses, size_t count,
                       const char *failure_text);

/* Asks for resolve->host, on the loop's resolver, which is made when there is none. */
weft_status wf_resolver_ask(struct wf_resolve *resolve);

/* Nobody waits for an answer any more: drops all questions. */
void wf_resolver_cancel(struct wf_resolver *resolver);

/* NULL is allowed. */
void wf_resolver_destroy(struct wf_resolver *resolver);

/* Asks these servers ("127.0.0.1:5353,[::1]:53") in place of the system's. */
WEFT_MUST_USE weft_status wf_resolver_use_servers(weft_loop *loop, const char *servers);

#endif
