/* A message that is sent in parts by the user. RFC 6455 5.4. */
#include "io/loop.h"
#include "socket/items.h"

/* WEFT_OK: OPEN, or `*is_over_out`: what is sent is dropped. */
static weft_status check(const weft_socket *socket, bool *is_over_out)
{
    if (!socket)
        return WEFT_ERR_ARGUMENT;
    enum weft_ready_state state = wf_socket_state(socket);
    if (!wf_loop_is_current(wf_socket_loop(socket)) || state == WEFT_CONNECTING)
        return WEFT_ERR_STATE;
    *is_over_out = state != WEFT_OPEN;
    return WEFT_OK;
}

static struct wf_item *open_message(const weft_socket *socket)
{
    const struct wf_backlog *backlog = wf_items_backlog(socket);
    return backlog ? backlog->open : NULL;
}

weft_status weft_socket_begin_message(weft_socket *socket, enum weft_message_type type)
{
    bool is_over;
    weft_status status =
        type == WEFT_TEXT || type == WEFT_BINARY ? check(socket, &is_over) : WEFT_ERR_ARGUMENT;
    if (status || is_over)
        return status;
    if (open_message(socket))
        return WEFT_ERR_STATE;
    status = wf_policy_make_room(socket, 1, NULL);
    if (status)
        return status;
    struct wf_item *item = wf_items_create(socket, WF_ITEM_PARTS, (struct weft_bytes){ 0 });
    struct wf_backlog *backlog = item ? wf_items_need(socket) : NULL;
    if (!backlog) {
        wf_items_discard(socket, item);
        return WEFT_ERR_MEMORY;
    }
    item->type = type;
    wf_items_add(socket, item, NULL);
    backlog->open = item;
    return WEFT_OK;
}

/* What would be put there at once anyhow is not copied twice. */
static weft_status add_part(weft_socket *socket, struct wf_item *item, struct weft_bytes part)
{
    bool is_next = wf_items_first(socket->rare->backlog) == item && !item->first_piece;
    if (!is_next || wf_feeding_is_enough(socket))
        return wf_items_add_piece(socket, item, part);
    weft_status status =
        wf_engine_send_part(&socket->engine, item->type, part, !item->is_begun, false);
    if (!status)
        item->is_begun = true;
    return status;
}

weft_status weft_socket_send_part(weft_socket *socket, const void *data, size_t bytes)
{
    bool is_over;
    weft_status status = data || !bytes ? check(socket, &is_over) : WEFT_ERR_ARGUMENT;
    if (status)
        return status;
    if (is_over) {
        atomic_fetch_add_explicit(&socket->dropped_bytes, bytes, memory_order_relaxed);
        return WEFT_OK;
    }
    struct wf_item *item = open_message(socket);
    if (!item)
        return WEFT_ERR_STATE;
    struct weft_bytes part = { data, bytes };
    struct wf_text_check text = item->text;
    if (item->type == WEFT_TEXT && !wf_engine_check_text(&text, part, false))
        return WEFT_ERR_UTF8;
    if (bytes == 0)
        return WEFT_OK;
    status = wf_policy_make_room(socket, bytes, NULL);
    if (!status)
        status = add_part(socket, item, part);
    if (status)
        return status;
    item->text = text;
    wf_outflow_note_queued(socket);
    return WEFT_OK;
}

weft_status weft_socket_end_message(weft_socket *socket)
{
    bool is_over;
    weft_status status = check(socket, &is_over);
    if (status || is_over)
        return status;
    struct wf_item *item = open_message(socket);
    if (!item)
        return WEFT_ERR_STATE;
    if (item->type == WEFT_TEXT &&
        !wf_engine_check_text(&item->text, (struct weft_bytes){ 0 }, true))
        return WEFT_ERR_UTF8;
    item->is_ended = true;
    socket->rare->backlog->open = NULL;
    wf_outflow_note_queued(socket);
    return WEFT_OK;
}
