/* Private: the keys that seal session tickets (RFC 5077 4). Two generations: the newer seals, both
 * open. A key seals for half a lifetime and opens for half of one more, so none is older than a
 * lifetime. */
#ifndef WF_TLS_TICKETS_H
#define WF_TLS_TICKETS_H

#include <stdbool.h>
#include <stdint.h>

enum { WF_TICKET_NAME_BYTES = 16, WF_TICKET_KEY_BYTES = 32 };

struct wf_ticket_key {
    uint8_t name[WF_TICKET_NAME_BYTES];
    uint8_t cipher_key[WF_TICKET_KEY_BYTES];
    uint8_t mac_key[WF_TICKET_KEY_BYTES];
    int64_t made_s;
};

struct wf_tickets {
    struct wf_ticket_key keys[2]; /* The newer first. */
    unsigned int key_count;
};

/* now_s is any clock; when it runs backwards, keys just live longer. Lock around both. */

/* The key to seal with; makes one when there is none that is young enough. False: no randomness. */
bool wf_tickets_newest(struct wf_tickets *tickets, int64_t now_s, uint32_t lifetime_s,
                       struct wf_ticket_key *key_out);

/* The key that sealed a ticket. is_newest_out: false: the ticket ought to be renewed. */
bool wf_tickets_find(struct wf_tickets *tickets, int64_t now_s, uint32_t lifetime_s,
                     const uint8_t name[WF_TICKET_NAME_BYTES], struct wf_ticket_key *key_out,
                     bool *is_newest_out);

#endif
