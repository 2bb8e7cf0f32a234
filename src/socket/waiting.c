/* The socket for plain programs: calls that wait, by turning the loop themselves. */
#include "base/block.h"
#include "socket/object.h"

/* One message, between the callback that brought it and the call that takes it. */
struct wf_inbox {
    struct wf_block data;
    enum weft_message_type type;
    weft_blob *blob; /* Instead of the data. */
    bool is_full;
    bool is_lent;    /* What was taken is the caller's until the next call. */
    bool has_failed; /* A message found no memory. */
};

static void on_message(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    struct wf_inbox *inbox = user;
    struct weft_bytes bytes = { message->data, message->bytes };
    wf_block_drop(&inbox->data, wf_loop_pool(wf_socket_loop(socket)));
    weft_blob_release(inbox->blob);
    inbox->blob = weft_blob_retain(message->blob);
    inbox->type = message->type;
    inbox->is_full = true;
    inbox->has_failed =
        bytes.count && !inbox->blob &&
        !wf_block_append(&inbox->data, wf_loop_pool(wf_socket_loop(socket)), bytes, SIZE_MAX);
    weft_socket_pause(socket);
}

/* Another connection stands, and what the last one brought is still here. */
static void on_open(weft_socket *socket, void *user)
{
    const struct wf_inbox *inbox = user;
    if (inbox->is_full || inbox->is_lent)
        weft_socket_pause(socket);
}

static struct wf_inbox *need_inbox(weft_socket *socket)
{
    struct wf_socket_rare *rare = wf_socket_need_rare(socket);
    if (!rare || rare->inbox)
        return rare ? rare->inbox : NULL;
    struct weft_socket_events events = { .on_open = on_open, .on_message = on_message };
    struct wf_inbox *inbox =
        wf_alloc_zero(wf_loop_allocator(wf_socket_loop(socket)), sizeof *inbox);
    if (!inbox)
        return NULL;
    /* One that is closed hears nothing, and needs no listener. */
    weft_status status = weft_socket_add_listener(socket, &events, inbox, false, NULL);
    if (status && status != WEFT_ERR_CLOSED) {
        wf_free(wf_loop_allocator(wf_socket_loop(socket)), inbox);
        return NULL;
    }
    rare->inbox = inbox;
    return inbox;
}

void wf_waiting_drop(weft_socket *socket)
{
    struct wf_inbox *inbox = socket->rare->inbox;
    if (!inbox)
        return;
    wf_block_drop(&inbox->data, wf_loop_pool(wf_socket_loop(socket)));
    weft_blob_release(inbox->blob);
    wf_free(wf_loop_allocator(wf_socket_loop(socket)), inbox);
}

const struct weft_failure *weft_socket_failure(const weft_socket *socket)
{
    bool is_known = socket && socket->rare && socket->rare->has_failure;
    return is_known ? &socket->rare->failure : NULL;
}

static weft_status end_status(const weft_socket *socket)
{
    const struct weft_failure *failure = weft_socket_failure(socket);
    return failure && failure->status ? failure->status : WEFT_ERR_CLOSED;
}

/* One turn of the loop, within what is left of a time that began at `begin_ms`. */
static weft_status turn(weft_socket *socket, uint64_t begin_ms, int timeout_ms)
{
    int left = -1;
    if (timeout_ms >= 0) {
        uint64_t passed = weft_loop_now_ms(wf_socket_loop(socket)) - begin_ms;
        if (passed > (uint64_t)timeout_ms)
            return WEFT_ERR_TIMEOUT;
        left = timeout_ms - (int)passed;
    }
    return weft_loop_turn(wf_socket_loop(socket), left);
}

weft_status weft_socket_wait_open(weft_socket *socket, int timeout_ms)
{
    if (!socket || timeout_ms < -1)
        return WEFT_ERR_ARGUMENT;
    if (!need_inbox(socket))
        return WEFT_ERR_MEMORY;
    uint64_t begin_ms = weft_loop_now_ms(wf_socket_loop(socket));
    weft_status status = WEFT_OK;
    while (!status) {
        enum weft_ready_state state = wf_socket_state(socket);
        if (state == WEFT_OPEN)
            return WEFT_OK;
        if (state == WEFT_CLOSED)
            return end_status(socket);
        status = turn(socket, begin_ms, timeout_ms);
    }
    return status;
}

static weft_status take(struct wf_inbox *inbox, struct weft_message_event *message_out)
{
    inbox->is_full = false;
    inbox->is_lent = true;
    if (inbox->has_failed)
        return WEFT_ERR_MEMORY;
    *message_out = (struct weft_message_event){ .type = inbox->type,
                                                .data = inbox->data.data,
                                                .bytes = inbox->data.count };
    if (inbox->blob) {
        message_out->data = weft_blob_data(inbox->blob);
        message_out->bytes = (size_t)weft_blob_bytes(inbox->blob);
        message_out->blob = inbox->blob;
    }
    return WEFT_OK;
}

weft_status weft_socket_receive(weft_socket *socket, int timeout_ms,
                                struct weft_message_event *message_out)
{
    if (!socket || !message_out || timeout_ms < -1)
        return WEFT_ERR_ARGUMENT;
    if (socket->wants_parts)
        return WEFT_ERR_STATE; /* No message would ever come here. */
    struct wf_inbox *inbox = need_inbox(socket);
    if (!inbox)
        return WEFT_ERR_MEMORY;
    inbox->is_lent = false;
    if (!inbox->is_full)
        weft_socket_resume(socket);
    uint64_t begin_ms = weft_loop_now_ms(wf_socket_loop(socket));
    weft_status status = WEFT_OK;
    while (!status) {
        if (inbox->is_full)
            return take(inbox, message_out);
        if (wf_socket_state(socket) == WEFT_CLOSED)
            return WEFT_ERR_CLOSED;
        status = turn(socket, begin_ms, timeout_ms);
    }
    return status;
}

weft_status weft_socket_finish(weft_socket *socket)
{
    if (!socket)
        return WEFT_ERR_ARGUMENT;
    weft_status status = weft_socket_close(socket, 1000, NULL);
    while (!status && wf_socket_state(socket) != WEFT_CLOSED)
        status = weft_loop_turn(wf_socket_loop(socket), -1);
    if (status)
        return status;
    return weft_engine_was_clean(&socket->engine) && !weft_socket_failure(socket)
               ? WEFT_OK
               : end_status(socket);
}
