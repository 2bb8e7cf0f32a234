#include "server/body.h"

#include <errno.h>
#include <unistd.h>

weft_status wf_body_attach(weft_socket *socket, int fd, const uint8_t *data, uint64_t offset,
                           uint64_t bytes)
{
    struct wf_body *body = wf_alloc(wf_loop_allocator(weft_socket_loop(socket)), sizeof *body);
    if (!body)
        return WEFT_ERR_MEMORY;
    *body = (struct wf_body){ { WF_OWNED_BODY }, fd, data, offset, bytes };
    wf_socket_set_owner_data(socket, body);
    return WEFT_OK;
}

void wf_body_destroy(struct wf_body *body, weft_socket *socket)
{
    if (body->fd >= 0)
        close(body->fd);
    wf_free(wf_loop_allocator(weft_socket_loop(socket)), body);
}

static void end(struct wf_body *body, weft_socket *socket)
{
    wf_socket_set_owner_data(socket, NULL);
    wf_body_destroy(body, socket);
}

static void break_off(struct wf_body *body, weft_socket *socket, weft_status status,
                      const char *text)
{
    struct weft_failure failure = { .kind = status == WEFT_ERR_MEMORY ? WEFT_FAILURE_MEMORY
                                                                      : WEFT_FAILURE_ABORTED,
                                    .status = status,
                                    .text = text };
    end(body, socket);
    wf_socket_abort(socket, &failure, true);
}

size_t wf_body_read(int fd, uint8_t *out, size_t bytes, uint64_t offset)
{
    size_t got = 0;
    while (got < bytes) {
        ssize_t count = pread(fd, out + got, bytes - got, (off_t)(offset + got));
        if (count == 0 || (count < 0 && errno != EINTR))
            break;
        if (count > 0)
            got += (size_t)count;
    }
    return got;
}

static weft_status give_of_file(struct wf_body *body, weft_socket *socket, size_t bytes)
{
    struct wf_pool *pool = wf_loop_pool(weft_socket_loop(socket));
    uint8_t *block = wf_pool_take(pool, bytes, NULL);
    if (!block)
        return WEFT_ERR_MEMORY;
    weft_status status = WEFT_ERR_SYSTEM;
    if (wf_body_read(body->fd, block, bytes, body->offset) == bytes)
        status = wf_socket_respond_body(socket, (struct weft_bytes){ block, bytes });
    wf_pool_give(pool, block, bytes);
    return status;
}

void wf_body_give(struct wf_body *body, weft_socket *socket, bool end_after)
{
    size_t bytes = body->rest < WF_BODY_BLOCK_BYTES ? (size_t)body->rest : WF_BODY_BLOCK_BYTES;
    weft_status status;
    if (body->data)
        status =
            wf_socket_respond_body(socket, (struct weft_bytes){ body->data + body->offset, bytes });
    else
        status = give_of_file(body, socket, bytes);
    if (status) {
        break_off(body, socket, status, "the file could not be read to its end");
        return;
    }
    body->offset += bytes;
    body->rest -= bytes;
    if (body->rest == 0) {
        end(body, socket);
        if (end_after)
            wf_socket_end(socket);
    }
}
