/* What comes before the protocol: the opening's own conversation with a proxy, and then the rest.
 */
#include "base/block.h"
#include "socket/transport.h"

/* Until the connection's own transport takes the stream over. */
struct wf_opening_talk {
    struct wf_preface *preface; /* NULL: it is done. */
    struct wf_block input;      /* Not used by it yet, with the engine's overread room behind. */
    struct wf_block output;     /* Not taken by the kernel yet. */
};

enum { OVERREAD_BYTES = 16 };

static struct wf_opening_talk *talk_of(const weft_socket *socket)
{
    return socket->rare->talk;
}

void wf_preface_forget(weft_socket *socket)
{
    struct wf_pool *pool = wf_loop_pool(wf_socket_loop(socket));
    struct wf_opening_talk *talk = talk_of(socket);
    if (!talk)
        return;
    wf_block_drop(&talk->input, pool);
    wf_block_drop(&talk->output, pool);
    wf_pool_give(pool, talk, sizeof *talk);
    socket->rare->talk = NULL;
}

weft_status wf_preface_create(weft_socket *socket, struct wf_preface *preface)
{
    struct wf_socket_rare *rare = wf_socket_need_rare(socket);
    if (!rare)
        return WEFT_ERR_MEMORY;
    rare->talk = wf_pool_take(wf_loop_pool(wf_socket_loop(socket)), sizeof *rare->talk, NULL);
    if (!rare->talk)
        return WEFT_ERR_MEMORY;
    *rare->talk = (struct wf_opening_talk){ .preface = preface };
    wf_transport_change(socket, &wf_transport_preface);
    return WEFT_OK;
}

static void fail(weft_socket *socket, weft_status status)
{
    struct weft_failure failure = { .kind = WEFT_FAILURE_MEMORY,
                                    .status = status,
                                    .text = "no memory for what comes before the handshake" };
    if (status == WEFT_ERR_LIMIT) {
        failure.kind = WEFT_FAILURE_HANDSHAKE;
        failure.text = "what comes before the handshake is too long";
    }
    wf_socket_abort(socket, &failure, false);
}

/* ---- in ---- */

/* The talk is over and all of it has left: its own transport has the stream, and what came too
 * early. The socket may be gone behind it, unless the caller holds a reference. */
static void go_on(weft_socket *socket, struct weft_buffer rest)
{
    struct wf_opening_talk *talk = talk_of(socket);
    struct wf_block input = talk->input; /* In which `rest` may lie. */
    talk->input = (struct wf_block){ 0 };
    wf_preface_forget(socket);
    wf_stream_resume(&socket->stream);
    if (socket->rare->secure)
        wf_secure_start(socket);
    else
        wf_transport_change(socket, &wf_transport_plain);
    wf_socket_serve_soon(socket); /* Which sets the timer, too. */
    if (rest.count && !socket->is_broken)
        socket->stream.events->on_received(&socket->stream, rest);
    wf_block_drop(&input, wf_loop_pool(wf_socket_loop(socket)));
}

/* Keeps what was not used; `unused` lies at the end of the kept bytes, or outside. */
static weft_status keep(weft_socket *socket, struct weft_buffer unused, size_t bytes_max)
{
    struct wf_pool *pool = wf_loop_pool(wf_socket_loop(socket));
    struct wf_block *input = &talk_of(socket)->input;
    if (unused.count > bytes_max)
        return WEFT_ERR_LIMIT;
    if (input->count) {
        memmove(input->data, unused.data, unused.count);
        input->count = unused.count;
        return WEFT_OK;
    }
    struct weft_bytes bytes = { unused.data, unused.count };
    if (!wf_block_reserve(input, pool, unused.count + OVERREAD_BYTES, SIZE_MAX))
        return WEFT_ERR_MEMORY;
    return wf_block_append(input, pool, bytes, SIZE_MAX) ? WEFT_OK : WEFT_ERR_MEMORY;
}

/* All that waits is in one piece: what came, or that behind what was kept. */
static weft_status join(weft_socket *socket, struct weft_buffer *bytes)
{
    struct wf_pool *pool = wf_loop_pool(wf_socket_loop(socket));
    struct wf_block *input = &talk_of(socket)->input;
    if (!input->count)
        return WEFT_OK;
    if (!wf_block_reserve(input, pool, bytes->count + OVERREAD_BYTES, SIZE_MAX))
        return WEFT_ERR_MEMORY;
    memcpy(input->data + input->count, bytes->data, bytes->count);
    input->count += bytes->count;
    *bytes = (struct weft_buffer){ input->data, input->count };
    return WEFT_OK;
}

static void end_talk(weft_socket *socket, struct weft_buffer rest)
{
    struct wf_opening_talk *talk = talk_of(socket);
    talk->preface = NULL;
    if (talk->output.count == 0) {
        go_on(socket, rest);
        return;
    }
    /* Its last bytes go first. */
    wf_stream_pause(&socket->stream);
    weft_status status = keep(socket, rest, SIZE_MAX);
    if (status)
        fail(socket, status);
}

static void hand_over(weft_socket *socket, struct weft_buffer bytes)
{
    struct wf_preface *preface = talk_of(socket)->preface;
    struct weft_bytes view = { bytes.data, bytes.count };
    size_t used = 0;
    enum wf_preface_result result = preface->on_received(preface, socket, view, &used);
    if (result == WF_PREFACE_FAILED || socket->is_broken || wf_socket_state(socket) == WEFT_CLOSED)
        return;
    assert(used <= bytes.count);
    bytes.data += used;
    bytes.count -= used;
    weft_status status = WEFT_OK;
    if (result == WF_PREFACE_DONE)
        end_talk(socket, bytes);
    else
        status = keep(socket, bytes, WF_PREFACE_BYTES_MAX);
    if (status)
        fail(socket, status);
}

static void on_received(struct wf_stream *stream, struct weft_buffer bytes)
{
    weft_socket *socket = WF_CONTAINER_OF(stream, weft_socket, stream);
    if (socket->is_lingering || socket->engine_is_done)
        return;
    weft_socket_retain(socket);
    weft_status status = join(socket, &bytes);
    if (status)
        fail(socket, status);
    else
        hand_over(socket, bytes);
    weft_socket_release(socket);
}

static void on_end(struct wf_stream *stream)
{
    weft_socket *socket = WF_CONTAINER_OF(stream, weft_socket, stream);
    struct wf_preface *preface = talk_of(socket)->preface;
    weft_socket_retain(socket);
    if (preface && preface->on_end)
        preface->on_end(preface, socket);
    else
        wf_inflow_end(socket);
    weft_socket_release(socket);
}

/* ---- out ---- */

/* Writes what waits. WEFT_ERR_SYSTEM: the socket was aborted. */
static weft_status write_waiting(weft_socket *socket)
{
    struct wf_block *output = &talk_of(socket)->output;
    struct weft_bytes waiting = { output->data, output->count };
    size_t taken = 0;
    if (waiting.count && wf_stream_send(&socket->stream, &waiting, 1, &taken))
        return wf_transport_abort(socket);
    output->count -= taken;
    if (output->count)
        memmove(output->data, output->data + taken, output->count);
    return WEFT_OK;
}

weft_status wf_socket_preface_send(weft_socket *socket, struct weft_bytes bytes)
{
    struct wf_opening_talk *talk = socket->rare ? talk_of(socket) : NULL;
    if (!talk || !talk->preface || socket->is_broken)
        return WEFT_ERR_STATE;
    if (bytes.count > WF_PREFACE_BYTES_MAX - talk->output.count)
        return WEFT_ERR_LIMIT;
    if (!wf_block_append(&talk->output, wf_loop_pool(wf_socket_loop(socket)), bytes,
                         WF_PREFACE_BYTES_MAX))
        return WEFT_ERR_MEMORY;
    return write_waiting(socket);
}

static void on_sendable(struct wf_stream *stream)
{
    weft_socket *socket = WF_CONTAINER_OF(stream, weft_socket, stream);
    struct wf_opening_talk *talk = talk_of(socket);
    if (write_waiting(socket) || talk->preface || talk->output.count)
        return;
    weft_socket_retain(socket);
    go_on(socket, (struct weft_buffer){ talk->input.data, talk->input.count });
    weft_socket_release(socket);
}

/* The engine's output waits for the end of the talk. */
static weft_status send_nothing(weft_socket *socket, const struct weft_bytes *spans,
                                size_t span_count, size_t *taken_out)
{
    (void)socket, (void)spans, (void)span_count;
    *taken_out = 0;
    return WEFT_OK;
}

static void resume(weft_socket *socket)
{
    if (talk_of(socket)->preface)
        wf_stream_resume(&socket->stream);
}

static void shut_down(weft_socket *socket)
{
    wf_stream_shutdown(&socket->stream);
}

static bool is_opening(const weft_socket *socket)
{
    (void)socket;
    return true;
}

const struct wf_transport wf_transport_preface = {
    .events = { .on_connected = wf_transport_on_connected,
                .on_received = on_received,
                .on_end = on_end,
                .on_sendable = on_sendable,
                .on_failed = wf_transport_on_failed },
    .send = send_nothing,
    .resume = resume,
    .shutdown = shut_down,
    .is_opening = is_opening,
    .late_client = "the proxy's answer took too long",
    .late_server = "the PROXY header took too long",
};
