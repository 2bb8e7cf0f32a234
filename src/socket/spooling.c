#include "socket/spooling.h"

#include "base/blob.h"
#include "io/loop.h"

#include <errno.h>

void weft_socket_set_binary_type(weft_socket *socket, enum weft_binary_type type)
{
    if (!socket || (type != WEFT_ARRAYBUFFER && type != WEFT_BLOB))
        return;
    socket->wants_blobs = type == WEFT_BLOB;
    wf_inflow_end_quick(socket);
    wf_inflow_set_parts(socket);
}

enum weft_binary_type weft_socket_binary_type(const weft_socket *socket)
{
    return socket && socket->wants_blobs ? WEFT_BLOB : WEFT_ARRAYBUFFER;
}

static bool is_lack_of_space(int error)
{
    return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

static void fail(weft_socket *socket, weft_status status)
{
    struct weft_failure failure = { .kind = WEFT_FAILURE_MEMORY,
                                    .status = status,
                                    .text = "no memory for a binary message" };
    if (status == WEFT_ERR_SYSTEM) {
        failure.kind = WEFT_FAILURE_STORAGE;
        failure.system_error = errno;
        failure.text = is_lack_of_space(errno) ? "no space in a file for a large message"
                                               : "a large message could not be put into a file";
    }
    wf_socket_fail(socket, &failure, 1011);
}

static void tell(weft_socket *socket, weft_blob *blob)
{
    struct weft_message_event message = { .type = WEFT_BINARY,
                                          .data = weft_blob_data(blob),
                                          .bytes = (size_t)weft_blob_bytes(blob),
                                          .blob = blob };
    wf_events_message(socket, &message);
    weft_blob_release(blob);
}

static weft_status create_in_file(struct weft_bytes bytes, weft_blob **blob_out)
{
    struct wf_spool spool;
    weft_status status = wf_spool_open(&spool);
    if (status)
        return status;
    status = wf_spool_write(&spool, bytes);
    if (!status)
        status = wf_spool_finish(&spool, blob_out);
    int error = errno;
    wf_spool_drop(&spool);
    errno = error;
    return status;
}

void wf_spooling_message(weft_socket *socket, struct weft_buffer data)
{
    struct weft_bytes bytes = { data.data, data.count };
    weft_blob *blob;
    weft_status status = bytes.count > socket->shape->settings.blob_spool_bytes
                             ? create_in_file(bytes, &blob)
                             : weft_blob_create_copy(bytes.data, bytes.count, &blob);
    if (status)
        fail(socket, status);
    else
        tell(socket, blob);
}

static weft_status need_spool(weft_socket *socket)
{
    struct wf_socket_rare *rare = wf_socket_need_rare(socket);
    if (!rare)
        return WEFT_ERR_MEMORY;
    if (rare->spool)
        return WEFT_OK;
    rare->spool = wf_pool_take(wf_loop_pool(wf_socket_loop(socket)), sizeof *rare->spool, NULL);
    if (!rare->spool)
        return WEFT_ERR_MEMORY;
    return wf_spool_open(rare->spool);
}

static weft_status collect(weft_socket *socket, struct weft_buffer data)
{
    weft_status status = need_spool(socket);
    return status
               ? status
               : wf_spool_write(socket->rare->spool, (struct weft_bytes){ data.data, data.count });
}

void wf_spooling_part(weft_socket *socket, struct weft_buffer data, bool is_final)
{
    weft_blob *blob = NULL;
    weft_status status = collect(socket, data);
    if (!status && is_final)
        status = wf_spool_finish(socket->rare->spool, &blob);
    if (status)
        fail(socket, status);
    if (status || is_final)
        wf_spooling_drop(socket);
    if (blob)
        tell(socket, blob);
}

void wf_spooling_drop(weft_socket *socket)
{
    struct wf_socket_rare *rare = socket->rare;
    if (!rare || !rare->spool)
        return;
    wf_spool_drop(rare->spool);
    wf_pool_give(wf_loop_pool(wf_socket_loop(socket)), rare->spool, sizeof *rare->spool);
    rare->spool = NULL;
}
