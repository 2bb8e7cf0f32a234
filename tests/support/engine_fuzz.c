#include "support/engine_fuzz.h"

#include "support/hex.h"

#include <stdio.h>
#include <stdlib.h>

/* Bits of the first byte. */
enum {
    CASE_HANDSHAKE = 1, /* The input begins with a head; else the handshake is done already. */
    CASE_SMALL_LIMITS = 2,
    CASE_LATE_ANSWER = 4, /* A request is answered when all was fed. */
    CASE_CLOSES = 8,      /* A Close frame was sent before the input comes. */
    CASE_MASKS = 16,      /* Server: the input is frames without masks, which get them here. */
};

struct run {
    weft_engine *engine;
    unsigned chosen;
    uint8_t random;
    uint64_t hash; /* Of all events with their data. */
    size_t event_count;
    bool has_failed;
    uint64_t output_hash;
};

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "broken promise: %s\n", #condition);                                   \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static uint64_t mix(uint64_t hash, const void *data, size_t count)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ bytes[i]) * 1099511628211u;
    return hash;
}

static void fill_random(void *out, size_t count, void *user)
{
    struct run *run = user;
    uint8_t *bytes = out;
    for (size_t i = 0; i < count; i++)
        bytes[i] = run->random++;
}

static bool waits(const struct run *run)
{
    const struct weft_engine_respond nothing = { .status = 0 };
    /* ARGUMENT comes behind STATE: nothing is answered by this. */
    return weft_engine_respond(run->engine, &nothing) == WEFT_ERR_ARGUMENT;
}

static void answer(struct run *run)
{
    const struct weft_engine_respond respond = { .status = 404,
                                                 .body = { (const uint8_t *)"no", 2 } };
    if (waits(run) && weft_engine_accept(run->engine, NULL))
        REQUIRE(weft_engine_respond(run->engine, &respond) == WEFT_OK);
}

static void note(struct run *run, const struct weft_engine_event *event)
{
    REQUIRE(!run->has_failed);
    run->event_count++;
    run->hash = mix(run->hash, &event->type, sizeof event->type);
    run->hash = mix(run->hash, &event->message_type, sizeof event->message_type);
    run->hash = mix(run->hash, &event->close_code, sizeof event->close_code);
    run->hash = mix(run->hash, &event->data.count, sizeof event->data.count);
    run->hash = mix(run->hash, event->data.data, event->data.count);
    if (event->type == WEFT_EVENT_MESSAGE)
        REQUIRE(event->data.count <= ((run->chosen & CASE_SMALL_LIMITS) ? 100 : 1 << 20));
    if (event->type != WEFT_EVENT_FAILED)
        return;
    run->has_failed = true;
    run->hash = mix(run->hash, &event->failure->close_code, sizeof event->failure->close_code);
    REQUIRE(event->failure->text);
    REQUIRE(event->failure->kind != WEFT_FAILURE_NONE &&
            event->failure->kind != WEFT_FAILURE_MEMORY);
    REQUIRE(weft_engine_wants_end(run->engine));
}

static void pull(struct run *run)
{
    struct weft_engine_event event;
    while (weft_engine_next(run->engine, &event) != WEFT_EVENT_NONE) {
        note(run, &event);
        if (event.type == WEFT_EVENT_REQUEST && !(run->chosen & CASE_LATE_ANSWER))
            answer(run);
    }
}

static void feed(struct run *run, const uint8_t *data, size_t count)
{
    /* Alone in its memory: the sanitizer sees its edges. And changed by unmasking. */
    uint8_t *copy = malloc(count ? count : 1);
    REQUIRE(copy);
    if (count)
        memcpy(copy, data, count);
    REQUIRE(weft_engine_feed(run->engine, (struct weft_buffer){ copy, count }) == WEFT_OK);
    pull(run);
    free(copy);
}

static void drain(struct run *run, bool counts)
{
    struct weft_bytes span;
    while (weft_engine_output(run->engine, &span, 1)) {
        size_t count = span.count > 1000 ? 999 : span.count;
        if (counts)
            run->output_hash = mix(run->output_hash, span.data, count);
        weft_engine_sent(run->engine, count);
    }
    REQUIRE(weft_engine_output_bytes(run->engine) == 0);
    REQUIRE(weft_engine_buffered_amount(run->engine) == 0);
}

/* ---- the handshake that is done already ---- */

static const char request_head[] = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                                   "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

static void open_client(struct run *client)
{
    struct run server = { .hash = 1 };
    const struct weft_engine_options options = { .side = WEFT_SERVER };
    struct weft_bytes span;
    REQUIRE(weft_engine_create(&options, &server.engine) == WEFT_OK);
    REQUIRE(weft_engine_output(client->engine, &span, 1) == 1);
    feed(&server, span.data, span.count);
    REQUIRE(weft_engine_output(server.engine, &span, 1) == 1);
    feed(client, span.data, span.count);
    weft_engine_destroy(server.engine);
}

static void open_engine(struct run *run, enum weft_side side)
{
    unsigned chosen = run->chosen;
    run->chosen = 0;
    if (side == WEFT_CLIENT)
        open_client(run);
    else
        feed(run, (const uint8_t *)request_head, sizeof request_head - 1);
    REQUIRE(weft_engine_ready_state(run->engine) == WEFT_OPEN);
    drain(run, false);
    run->chosen = chosen;
    if (chosen & CASE_CLOSES)
        REQUIRE(weft_engine_close(run->engine, 1000, (struct weft_text){ 0 }) == WEFT_OK);
}

static void create(struct run *run, enum weft_side side, unsigned chosen)
{
    static const struct weft_engine_request request = { .target = { "/", 1 }, .host = { "a", 1 } };
    struct weft_engine_options options = { .side = side,
                                           .random = fill_random,
                                           .user = run,
                                           .request = &request,
                                           .limits = { .message_bytes_max = 1 << 20 } };
    if (chosen & CASE_SMALL_LIMITS)
        options.limits = (struct weft_engine_limits){ .message_bytes_max = 100,
                                                      .message_frames_max = 3,
                                                      .head_bytes_max = 300,
                                                      .head_count_max = 8,
                                                      .answer_body_max = 20 };
    *run = (struct run){ .chosen = chosen, .hash = 14695981039346656037u };
    REQUIRE(weft_engine_create(&options, &run->engine) == WEFT_OK);
    if (!(chosen & CASE_HANDSHAKE))
        open_engine(run, side);
}

static void finish(struct run *run)
{
    for (int i = 0; i < 50 && waits(run); i++) {
        answer(run);
        pull(run);
    }
    weft_engine_feed_end(run->engine);
    pull(run);
    REQUIRE(waits(run) || weft_engine_ready_state(run->engine) == WEFT_CLOSED);
    drain(run, true);
    weft_engine_destroy(run->engine);
}

/* ---- frames get their masks ---- */

static uint8_t *mask_frames(const uint8_t *data, size_t bytes, size_t *bytes_out)
{
    static const uint8_t key[4] = { 0x12, 0xFF, 0x00, 0x80 };
    uint8_t *out = malloc(bytes * 3 + 16);
    size_t written = 0;
    REQUIRE(out);
    for (size_t at = 0; bytes - at >= 2;) {
        size_t length = data[at + 1] & 0x7F, header = 2;
        size_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
        if (bytes - at < header + extended)
            break;
        if (extended)
            length = 0;
        for (size_t i = 0; i < extended; i++)
            length = length << 8 | data[at + 2 + i];
        header += extended;
        memcpy(out + written, data + at, header);
        out[written + 1] |= 0x80;
        memcpy(out + written + header, key, 4);
        written += header + 4;
        at += header;
        size_t there = bytes - at < length ? bytes - at : length;
        for (size_t i = 0; i < there; i++)
            out[written + i] = data[at + i] ^ key[i % 4];
        written += there;
        at += there;
    }
    *bytes_out = written;
    return out;
}

/* ---- a run of both ---- */

static void run_pieces(struct run *run, enum weft_side side, unsigned chosen, const uint8_t *data,
                       size_t bytes, size_t step)
{
    create(run, side, chosen);
    for (size_t at = 0; at < bytes; at += step)
        feed(run, data + at, bytes - at < step ? bytes - at : step);
    finish(run);
}

static void compare(enum weft_side side, unsigned chosen, const uint8_t *data, size_t bytes,
                    size_t step)
{
    struct run whole, pieces;
    run_pieces(&whole, side, chosen, data, bytes, bytes ? bytes : 1);
    run_pieces(&pieces, side, chosen, data, bytes, step);
    /* What is wrong in a head may be seen early or with the end of its line, and a limit of what is
     * kept depends on when the answer comes. */
    if ((chosen & CASE_HANDSHAKE) && (whole.has_failed || pieces.has_failed))
        return;
    REQUIRE(whole.event_count == pieces.event_count);
    REQUIRE(whole.hash == pieces.hash);
    REQUIRE(whole.output_hash == pieces.output_hash);
}

void engine_fuzz_run(enum weft_side side, const uint8_t *data, size_t bytes)
{
    if (bytes > 0 && data[0] == 'x') {
        size_t decoded_bytes;
        uint8_t *decoded = hex_decode(data + 1, bytes - 1, &decoded_bytes);
        if (decoded_bytes == 0 || decoded[0] != 'x')
            engine_fuzz_run(side, decoded, decoded_bytes);
        free(decoded);
        return;
    }
    if (bytes < 2)
        return;
    unsigned chosen = data[0];
    size_t step = (size_t)data[1] + 1;
    data += 2;
    bytes -= 2;
    if (side == WEFT_SERVER && (chosen & CASE_MASKS) && !(chosen & CASE_HANDSHAKE)) {
        size_t masked_bytes;
        uint8_t *frames = mask_frames(data, bytes, &masked_bytes);
        compare(side, chosen, frames, masked_bytes, step);
        free(frames);
    } else {
        compare(side, chosen, data, bytes, step);
    }
}
