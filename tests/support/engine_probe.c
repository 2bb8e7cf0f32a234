#include "support/engine_probe.h"

#include "support/guard_page.h"

#include <stdio.h>
#include <stdlib.h>

void probe_random(void *out, size_t count, void *user)
{
    static uint32_t state = 1;
    uint8_t *bytes = out;
    (void)user;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(state >> 24);
    }
}

struct probe *probe_create(enum weft_side side, const struct weft_engine_options *options)
{
    static const struct weft_engine_request request = { .target = TEXT("/"),
                                                        .host = TEXT("example.com") };
    struct weft_engine_options complete = options ? *options : (struct weft_engine_options){ 0 };
    complete.side = side;
    complete.deflate.off = true;
    if (!complete.random)
        complete.random = probe_random;
    if (!complete.request)
        complete.request = &request;
    struct probe *probe = calloc(1, sizeof *probe);
    assert_non_null(probe);
    probe->side = side;
    probe->accepts = true;
    assert_int_equal(weft_engine_create(&complete, &probe->engine), WEFT_OK);
    return probe;
}

void probe_destroy(struct probe *probe)
{
    weft_engine_destroy(probe->engine);
    free(probe);
}

/* A server of the library answers the client's request. */
static void open_client(struct probe *client)
{
    struct probe *server = probe_create(WEFT_SERVER, NULL);
    probe_write(client);
    probe_feed(server, (struct weft_bytes){ client->output, client->output_bytes });
    assert_string_equal(server->events, "request open ");
    probe_write(server);
    probe_feed(client, (struct weft_bytes){ server->output, server->output_bytes });
    probe_destroy(server);
}

static void open_server(struct probe *server)
{
    static const struct weft_bytes request =
        BYTES_OF("GET /chat HTTP/1.1\r\n"
                 "Host: example.com\r\n"
                 "Upgrade: websocket\r\n"
                 "Connection: Upgrade\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                 "Sec-WebSocket-Version: 13\r\n\r\n");
    probe_feed(server, request);
}

struct probe *probe_create_open(enum weft_side side, const struct weft_engine_options *options)
{
    struct probe *probe = probe_create(side, options);
    if (side == WEFT_CLIENT)
        open_client(probe);
    else
        open_server(probe);
    assert_int_equal(weft_engine_ready_state(probe->engine), WEFT_OPEN);
    probe_write(probe);
    probe->events_bytes = probe->output_bytes = 0;
    probe->events[0] = '\0';
    return probe;
}

/* ---- events as text ---- */

static void note(char *line, size_t room, size_t *bytes, const char *text)
{
    size_t count = strlen(text);
    assert_true(*bytes + count + 1 <= room);
    memcpy(line + *bytes, text, count + 1);
    *bytes += count;
}

/* Printable ASCII and UTF-8 as they are, all else and what is long as a hash. */
static void describe(char *out, size_t room, const uint8_t *data, size_t count)
{
    bool is_text = count <= 200;
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < count; i++) {
        is_text = is_text && data[i] > 0x20 && data[i] != 0x7F;
        hash = (hash ^ data[i]) * 1099511628211u;
    }
    if (is_text)
        snprintf(out, room, "%.*s", (int)count, data ? (const char *)data : "");
    else
        snprintf(out, room, "#%zu-%016llx", count, (unsigned long long)hash);
}

static void note_event(struct probe *probe, const struct weft_engine_event *event)
{
    static const char *const names[] = { "none", "request", "open",  "",
                                         "ping", "pong",    "close", "failed" };
    char payload[256], line[512];
    describe(payload, sizeof payload, event->data.data, event->data.count);
    switch (event->type) {
    case WEFT_EVENT_MESSAGE:
        snprintf(line, sizeof line, "%s:%s ", event->message_type == WEFT_TEXT ? "text" : "binary",
                 payload);
        probe->message_count++;
        break;
    case WEFT_EVENT_PING:
    case WEFT_EVENT_PONG:
        snprintf(line, sizeof line, "%s:%s ", names[event->type], payload);
        break;
    case WEFT_EVENT_CLOSE:
        snprintf(line, sizeof line, "close:%u/%s ", event->close_code, payload);
        break;
    case WEFT_EVENT_FAILED:
        probe->failure = *event->failure;
        snprintf(line, sizeof line, "failed:%s/%u ", weft_failure_kind_name(event->failure->kind),
                 event->failure->close_code);
        break;
    default:
        snprintf(line, sizeof line, "%s ", names[event->type]);
        break;
    }
    note(probe->events, sizeof probe->events, &probe->events_bytes, line);
}

void probe_pull(struct probe *probe)
{
    static const struct weft_engine_accept nothing;
    struct weft_engine_event event;
    while (weft_engine_next(probe->engine, &event) != WEFT_EVENT_NONE) {
        note_event(probe, &event);
        if (event.type == WEFT_EVENT_REQUEST && probe->accepts && event.request->wants_upgrade &&
            !event.request->refusal_status)
            assert_int_equal(weft_engine_accept(probe->engine, &nothing), WEFT_OK);
    }
}

void probe_feed(struct probe *probe, struct weft_bytes bytes)
{
    uint8_t *placed = guard_page_place(bytes.data, bytes.count);
    assert_int_equal(weft_engine_feed(probe->engine, (struct weft_buffer){ placed, bytes.count }),
                     WEFT_OK);
    probe_pull(probe);
    guard_page_free(placed, bytes.count);
}

void probe_feed_cut(struct probe *probe, struct weft_bytes bytes, size_t cut)
{
    probe_feed(probe, (struct weft_bytes){ bytes.data, cut });
    probe_feed(probe, (struct weft_bytes){ bytes.data + cut, bytes.count - cut });
}

void probe_feed_by(struct probe *probe, struct weft_bytes bytes, size_t piece)
{
    for (size_t at = 0; at < bytes.count; at += piece) {
        size_t count = bytes.count - at < piece ? bytes.count - at : piece;
        probe_feed(probe, (struct weft_bytes){ bytes.data + at, count });
    }
}

void probe_feed_end(struct probe *probe)
{
    weft_engine_feed_end(probe->engine);
    probe_pull(probe);
}

void probe_write(struct probe *probe)
{
    struct weft_bytes spans[7];
    size_t count;
    while ((count = weft_engine_output(probe->engine, spans, COUNT_OF(spans))) > 0) {
        size_t total = 0;
        for (size_t i = 0; i < count; i++) {
            assert_true(probe->output_bytes + spans[i].count <= sizeof probe->output);
            memcpy(probe->output + probe->output_bytes, spans[i].data, spans[i].count);
            probe->output_bytes += spans[i].count;
            total += spans[i].count;
        }
        weft_engine_sent(probe->engine, total);
    }
    assert_int_equal(weft_engine_output_bytes(probe->engine), 0);
    assert_int_equal(weft_engine_buffered_amount(probe->engine), 0);
}

/* ---- frames, read and written without the code under test ---- */

struct read_frame {
    size_t header_bytes;
    uint64_t payload_bytes;
    bool is_minimal;
};

/* False: not all of the header is there. A mask key is not part of it. */
static bool read_frame(const uint8_t *data, size_t count, struct read_frame *frame)
{
    if (count < 2)
        return false;
    unsigned length = data[1] & 0x7F;
    size_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (count < 2 + extended)
        return false;
    frame->header_bytes = 2 + extended;
    frame->payload_bytes = length;
    if (extended) {
        frame->payload_bytes = 0;
        for (size_t i = 0; i < extended; i++)
            frame->payload_bytes = frame->payload_bytes << 8 | data[2 + i];
    }
    frame->is_minimal = extended == 0 || frame->payload_bytes > (extended == 2 ? 125u : 65535u);
    return true;
}

const char *probe_sent(struct probe *probe)
{
    static char line[65536];
    static const char *const names[16] = {
        [1] = "text", [2] = "binary", [8] = "close", [9] = "ping", [10] = "pong"
    };
    size_t bytes = 0;
    line[0] = '\0';
    probe_write(probe);
    for (size_t at = 0; at < probe->output_bytes;) {
        uint8_t *data = probe->output + at;
        size_t count = probe->output_bytes - at;
        struct read_frame frame;
        bool is_masked = count > 1 && data[1] & 0x80;
        if (!read_frame(data, count, &frame) || is_masked != (probe->side == WEFT_CLIENT) ||
            !frame.is_minimal || (data[0] & 0xF0) != 0x80 || !names[data[0] & 0x0F] ||
            count - frame.header_bytes < frame.payload_bytes + (is_masked ? 4 : 0))
            return "BROKEN";
        uint8_t *payload = data + frame.header_bytes + (is_masked ? 4 : 0);
        size_t payload_bytes = (size_t)frame.payload_bytes;
        uint8_t *plain = malloc(payload_bytes + 1);
        assert_non_null(plain);
        for (size_t i = 0; i < payload_bytes; i++)
            plain[i] = payload[i] ^ (is_masked ? data[frame.header_bytes + i % 4] : 0);
        char text[256], item[300];
        bool has_code = (data[0] & 0x0F) == 8 && payload_bytes >= 2;
        describe(text, sizeof text, plain + (has_code ? 2 : 0), payload_bytes - (has_code ? 2 : 0));
        if (has_code)
            snprintf(item, sizeof item, "close:%u/%s ", plain[0] << 8 | plain[1], text);
        else
            snprintf(item, sizeof item, "%s:%s ", names[data[0] & 0x0F], text);
        free(plain);
        note(line, sizeof line, &bytes, item);
        at += (size_t)(payload - data) + payload_bytes;
    }
    return line;
}

struct weft_bytes masked(struct weft_bytes frames)
{
    uint8_t *out = malloc(frames.count * 5 + 16);
    size_t written = 0;
    uint8_t key[4] = { 0x37, 0xFA, 0x21, 0x3D };
    assert_non_null(out);
    for (size_t at = 0; at < frames.count;) {
        const uint8_t *data = frames.data + at;
        size_t count = frames.count - at;
        struct read_frame frame;
        if (!read_frame(data, count, &frame)) {
            /* A header that is cut is masked as far as it goes. */
            memcpy(out + written, data, count);
            if (count > 1)
                out[written + 1] |= 0x80;
            written += count;
            break;
        }
        size_t there = count - frame.header_bytes;
        size_t payload = frame.payload_bytes < there ? (size_t)frame.payload_bytes : there;
        memcpy(out + written, data, frame.header_bytes);
        out[written + 1] |= 0x80;
        written += frame.header_bytes;
        memcpy(out + written, key, 4);
        written += 4;
        for (size_t i = 0; i < payload; i++)
            out[written + i] = data[frame.header_bytes + i] ^ key[i % 4];
        written += payload;
        at += frame.header_bytes + payload;
        key[0] = (uint8_t)(key[0] * 5 + 1);
        key[2] = (uint8_t)(key[2] + key[0]);
    }
    return (struct weft_bytes){ out, written };
}

size_t frame_put(uint8_t *out, enum weft_side receiver, uint8_t first, struct weft_bytes payload)
{
    uint8_t *at = out;
    uint8_t key[4] = { 0 };
    uint8_t mask_bit = receiver == WEFT_SERVER ? 0x80 : 0;
    size_t extended = payload.count < 126 ? 0 : payload.count < 65536 ? 2 : 8;
    *at++ = first;
    *at++ = (uint8_t)(mask_bit | (extended == 0 ? payload.count : extended == 2 ? 126 : 127));
    for (size_t i = extended; i-- > 0;)
        *at++ = (uint8_t)((uint64_t)payload.count >> (8 * i));
    if (mask_bit) {
        probe_random(key, sizeof key, NULL);
        memcpy(at, key, 4);
        at += 4;
    }
    for (size_t i = 0; i < payload.count; i++)
        *at++ = payload.data[i] ^ key[i % 4];
    return (size_t)(at - out);
}
