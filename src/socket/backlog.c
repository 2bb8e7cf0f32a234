#include "socket/backlog.h"

#include "io/loop.h"
#include "socket/items.h"

uint64_t wf_backlog_payload_bytes(const weft_socket *socket)
{
    const struct wf_backlog *backlog = wf_items_backlog(socket);
    return backlog ? backlog->payload_bytes : 0;
}

uint64_t wf_backlog_memory_bytes(const weft_socket *socket)
{
    const struct wf_backlog *backlog = wf_items_backlog(socket);
    return backlog ? backlog->memory_bytes : 0;
}

/* Whether a message waits here, or goes to the output at once. */
static bool must_wait(const weft_socket *socket)
{
    return socket->has_backlog || wf_feeding_is_enough(socket);
}

/* One without a key is not overtaken: behind it the newest of a key goes to the end. */
static struct wf_item *place_of(const struct wf_backlog *backlog, struct wf_item *old)
{
    return old && old->number > backlog->last_without_key ? old : NULL;
}

/* Puts an item into its place; frees it when there is no memory. */
static weft_status add(weft_socket *socket, struct wf_item *item, const uint64_t *key,
                       struct wf_item *old)
{
    struct wf_backlog *backlog = item ? wf_items_need(socket) : NULL;
    enum weft_send_policy policy = wf_policy_of(socket);
    if (backlog && key) {
        item->key = *key;
        item->has_key = wf_keys_add(socket, item);
    }
    if (!backlog || (key && !item->has_key)) {
        wf_items_discard(socket, item);
        return WEFT_ERR_MEMORY;
    }
    item->is_droppable = policy == WEFT_SEND_DROP_OLD || item->has_key;
    wf_items_add(socket, item, place_of(backlog, old));
    if (old) {
        wf_items_remove(socket, old);
        wf_policy_count_dropped(socket);
    }
    return WEFT_OK;
}

/* Of a broadcast, or of a message that is copied. */
static struct wf_item *create(weft_socket *socket, enum weft_message_type type,
                              struct weft_bytes payload, struct wf_shared *shared)
{
    if (shared && shared->home) { /* It would keep the arena's memory for as long. */
        type = (enum weft_message_type)(shared->data[0] & 0x0F);
        payload = wf_shared_payload(shared);
        shared = NULL;
    }
    struct wf_item *item = wf_items_create(socket, shared ? WF_ITEM_SHARED : WF_ITEM_MESSAGE,
                                           shared ? (struct weft_bytes){ 0 } : payload);
    if (!item)
        return NULL;
    item->type = type;
    item->shared = shared;
    if (shared)
        shared->references++;
    return item;
}

static weft_status enqueue(weft_socket *socket, enum weft_message_type type,
                           struct weft_bytes payload, struct wf_shared *shared, const uint64_t *key)
{
    if (wf_policy_of(socket) != WEFT_SEND_LATEST)
        key = NULL;
    const struct wf_backlog *backlog = wf_items_backlog(socket);
    struct wf_item *old = key && backlog ? wf_keys_find(backlog, *key) : NULL;
    weft_status status = wf_policy_make_room(socket, shared ? shared->bytes : payload.count, old);
    if (!status)
        status = add(socket, create(socket, type, payload, shared), key, old);
    return status;
}

/* What the policy does not let in is counted, and the sender is told. */
static weft_status note(weft_socket *socket, weft_status status)
{
    if (!status)
        wf_outflow_note_queued(socket);
    else if (status == WEFT_ERR_FULL)
        wf_policy_count_dropped(socket);
    return status;
}

weft_status wf_backlog_send(weft_socket *socket, enum weft_message_type type,
                            struct weft_bytes payload, const uint64_t *key)
{
    weft_status status;
    if (type == WEFT_TEXT && !wf_engine_is_utf8(payload))
        return WEFT_ERR_UTF8;
    if (must_wait(socket)) {
        status = enqueue(socket, type, payload, NULL, key);
    } else {
        status = wf_policy_make_room(socket, payload.count, NULL);
        if (!status)
            status = wf_messages_put(socket, type, payload);
    }
    return note(socket, status);
}

static weft_status put_shared(weft_socket *socket, struct wf_shared *shared, const uint64_t *key)
{
    if (must_wait(socket))
        return enqueue(socket, WEFT_BINARY, (struct weft_bytes){ 0 }, shared, key);
    weft_status status = wf_policy_make_room(socket, shared->bytes, NULL);
    return status ? status : wf_engine_send_shared(&socket->engine, shared);
}

weft_status wf_backlog_send_shared(weft_socket *socket, struct wf_shared *shared,
                                   const uint64_t *key)
{
    weft_status status;
    if (shared->bytes <= socket->shape->settings.send_bytes_max)
        status = put_shared(socket, shared, key);
    else if (wf_policy_of(socket) == WEFT_SEND_CLOSE)
        status = wf_outflow_close_full(socket);
    else
        status = WEFT_ERR_FULL; /* It can never fit, and its sender does not hear of it. */
    return note(socket, status);
}

weft_status wf_backlog_add_blob(weft_socket *socket, weft_blob *blob)
{
    struct wf_item *item = wf_items_create(socket, WF_ITEM_BLOB, (struct weft_bytes){ 0 });
    if (!item || !wf_items_need(socket)) {
        wf_items_discard(socket, item);
        return WEFT_ERR_MEMORY;
    }
    item->blob = weft_blob_retain(blob);
    wf_items_add(socket, item, NULL);
    return WEFT_OK;
}

static void drop(weft_socket *socket, struct wf_item *item)
{
    atomic_fetch_add_explicit(&socket->dropped_bytes, wf_items_payload(item), memory_order_relaxed);
    wf_items_remove(socket, item);
}

/* Nobody can end it any more, and nothing may come before its end but control frames. */
static void cut_open_message(weft_socket *socket)
{
    struct wf_backlog *backlog = socket->rare->backlog;
    struct wf_item *open = backlog->open;
    if (!open)
        return;
    open->is_cut = true;
    backlog->open = NULL;
    while (backlog->all.before != &open->seat)
        drop(socket, WF_CONTAINER_OF(backlog->all.before, struct wf_item, seat));
}

weft_status wf_backlog_add_close(weft_socket *socket, uint16_t code, struct weft_text reason)
{
    struct wf_item *item = wf_items_create(socket, WF_ITEM_CLOSE, weft_bytes_of(reason));
    if (!item)
        return WEFT_ERR_MEMORY;
    item->close_code = code;
    cut_open_message(socket);
    wf_items_add(socket, item, NULL);
    return WEFT_OK;
}

void wf_backlog_drop(weft_socket *socket)
{
    while (socket->has_backlog)
        drop(socket, wf_items_first(socket->rare->backlog));
}
