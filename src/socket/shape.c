#include "io/loop.h"
#include "io/random.h"
#include "socket/object.h"

static void set_default_32(uint32_t *value, uint32_t standard)
{
    if (*value == 0)
        *value = standard;
}

static void set_default_64(uint64_t *value, uint64_t standard)
{
    if (*value == 0)
        *value = standard;
}

void wf_socket_shape_resolve(struct wf_socket_shape *shape, weft_loop *loop, enum weft_side side)
{
    struct weft_socket_settings *settings = &shape->settings;
    set_default_32(&settings->handshake_timeout_ms, 10000);
    set_default_32(&settings->close_timeout_ms, 5000);
    set_default_32(&settings->ping_interval_ms, 20000);
    set_default_32(&settings->ping_timeout_ms, 20000);
    set_default_64(&settings->send_mark_bytes, 1 << 20);
    if (settings->send_low_bytes == 0 || settings->send_low_bytes > settings->send_mark_bytes)
        settings->send_low_bytes = settings->send_mark_bytes / 2;
    set_default_64(&settings->send_bytes_max, 16 << 20);
    set_default_64(&settings->blob_spool_bytes, 1 << 20);
    set_default_32(&shape->keep_alive_timeout_ms, 15000);
    /* A frame's header is not counted before it is there. */
    uint64_t least = settings->send_mark_bytes < settings->send_bytes_max
                         ? settings->send_mark_bytes
                         : settings->send_bytes_max;
    shape->quick_bytes_max = least > 16 ? least - 16 : 0;
    wf_engine_resolve_limits(&settings->limits);
    wf_engine_resolve_deflate(&settings->deflate, side);

    shape->loop = wf_loop_retain(loop);
    shape->engine = (struct wf_engine_config){
        .side = side,
        .limits = settings->limits,
        .deflate = settings->deflate,
        .pool = wf_loop_pool(loop),
        .random = wf_random,
    };
    shape->engine.parts_bytes_min = settings->blob_spool_bytes;
}

struct wf_socket_shape *wf_socket_shape_retain(struct wf_socket_shape *shape)
{
    shape->references++;
    return shape;
}

void wf_socket_shape_release(struct wf_socket_shape *shape)
{
    if (!shape || --shape->references > 0)
        return;
    weft_loop *loop = shape->loop;
    wf_free(wf_loop_allocator(loop), shape->gathering.due);
    shape->gathering.due = NULL;
    shape->on_free(shape);
    wf_loop_release(loop);
}
