/* Blobs on their way out. */
#include "socket/backlog.h"

weft_status wf_outflow_send_blob(weft_socket *socket, weft_blob *blob)
{
    const void *data = weft_blob_data(blob);
    uint64_t bytes = weft_blob_bytes(blob);
    bool is_small = bytes == 0 || (data && bytes <= socket->shape->settings.send_bytes_max);
    if (is_small && !socket->has_backlog)
        return wf_messages_send(socket, WEFT_BINARY, (struct weft_bytes){ data, (size_t)bytes });
    weft_status status = wf_policy_make_room(socket, 1, NULL);
    if (!status)
        status = wf_backlog_add_blob(socket, blob);
    if (!status)
        wf_outflow_note_queued(socket);
    else if (status == WEFT_ERR_FULL)
        wf_policy_count_dropped(socket);
    return status;
}

weft_status weft_socket_send_blob(weft_socket *socket, weft_blob *blob)
{
    if (!socket || !blob)
        return WEFT_ERR_ARGUMENT;
    enum weft_ready_state state = wf_socket_state(socket);
    if (state == WEFT_CONNECTING)
        return WEFT_ERR_STATE;
    /* send(), step 3: closing or closed, the message is dropped and bufferedAmount grows. */
    if (state != WEFT_OPEN) {
        atomic_fetch_add_explicit(&socket->dropped_bytes, weft_blob_bytes(blob),
                                  memory_order_relaxed);
        return WEFT_OK;
    }
    return wf_loop_is_current(wf_socket_loop(socket)) ? wf_outflow_send_blob(socket, blob)
                                                      : wf_remote_send_blob(socket, blob);
}
