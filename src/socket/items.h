/* What the backlog is made of, for the files that add to it, take from it and thin it out. */
#ifndef WF_SOCKET_ITEMS_H
#define WF_SOCKET_ITEMS_H

#include "socket/backlog.h"

/* A place in a ring, whose begin is a place of its own. */
struct wf_seat {
    struct wf_seat *next;
    struct wf_seat *before;
};

enum wf_item_kind { WF_ITEM_BLOB, WF_ITEM_MESSAGE, WF_ITEM_SHARED, WF_ITEM_PARTS, WF_ITEM_CLOSE };

struct wf_piece {
    struct wf_piece *next;
    size_t bytes;
    uint8_t data[];
};

struct wf_item {
    struct wf_seat seat;      /* Among all. */
    struct wf_seat droppable; /* Among those that the policy may drop. */
    struct wf_item *next_in_bucket;
    uint64_t key;
    uint64_t number; /* When it was queued; one that takes another's place has that one's. */
    enum wf_item_kind kind;
    enum weft_message_type type; /* MESSAGE, PARTS */
    uint16_t close_code;
    bool has_key;
    bool is_droppable;
    bool is_begun; /* PARTS: a frame of it has left. */
    bool is_ended; /* PARTS: nothing is added any more. */
    bool is_cut;   /* PARTS: and it stays without an end. */
    weft_blob *blob;
    uint64_t blob_sent;
    struct wf_shared *shared;
    struct wf_piece *first_piece;
    struct wf_piece **pieces_end;
    uint64_t pieces_bytes;
    size_t piece_count;
    struct wf_text_check text;
    size_t bytes; /* Of a message or of a close reason. */
    uint8_t data[];
};

struct wf_backlog {
    struct wf_seat all;
    struct wf_seat droppable;
    uint64_t payload_bytes;
    uint64_t memory_bytes;
    uint64_t droppable_bytes; /* Of the memory. */
    uint64_t last_number;
    uint64_t last_without_key; /* The number of the last message that no key can drop. */
    struct wf_item *open;      /* The message in parts that is not ended. */
    struct wf_item **buckets;  /* Of the keys; NULL: none yet. */
    size_t bucket_count;       /* A power of two. */
    size_t key_count;
    uint8_t *buffer; /* While a file is sent. */
};

static inline struct wf_backlog *wf_items_backlog(const weft_socket *socket)
{
    return socket->has_backlog ? socket->rare->backlog : NULL;
}

/* NULL: there is none. */
static inline struct wf_item *wf_items_first(const struct wf_backlog *backlog)
{
    return backlog->all.next == &backlog->all
               ? NULL
               : WF_CONTAINER_OF(backlog->all.next, struct wf_item, seat);
}

/* The backlog, made when there is none. NULL: no memory. */
struct wf_backlog *wf_items_need(weft_socket *socket);

/* Not yet in the backlog. NULL: no memory. */
struct wf_item *wf_items_create(weft_socket *socket, enum wf_item_kind kind,
                                struct weft_bytes bytes);

/* Puts it before another one; NULL: at the end. */
void wf_items_add(weft_socket *socket, struct wf_item *item, struct wf_item *before);

/* Frees one that was not added, and a backlog that was made for it alone. */
void wf_items_discard(weft_socket *socket, struct wf_item *item);

/* Frees it. The backlog is gone with its last. */
void wf_items_remove(weft_socket *socket, struct wf_item *item);

/* Payload that waits in it, and the memory that it holds. */
uint64_t wf_items_payload(const struct wf_item *item);
uint64_t wf_items_memory(const struct wf_item *item);

/* Adds a piece to a message in parts, and takes its first one away. */
WEFT_MUST_USE weft_status wf_items_add_piece(weft_socket *socket, struct wf_item *item,
                                             struct weft_bytes part);
void wf_items_remove_piece(weft_socket *socket, struct wf_item *item);

/* ---- keys.c: the queued messages by their keys ---- */
/* False: no memory; it is not among them. */
bool wf_keys_add(weft_socket *socket, struct wf_item *item);
void wf_keys_remove(struct wf_backlog *backlog, struct wf_item *item);
struct wf_item *wf_keys_find(const struct wf_backlog *backlog, uint64_t key);
void wf_keys_drop(weft_socket *socket);

#endif
