#include "support/engine_probe.h"
#include "ws/engine.h"

#include <stdio.h>
#include <stdlib.h>

/* Feeds pieces and writes down the events: a part as "+part", the last one as "=part". */
static void feed(weft_engine *engine, struct weft_bytes bytes, size_t piece, char *line)
{
    struct weft_engine_event event;
    for (size_t at = 0; at < bytes.count; at += piece) {
        uint8_t copy[512];
        size_t count = bytes.count - at < piece ? bytes.count - at : piece;
        memcpy(copy, bytes.data + at, count);
        assert_int_equal(weft_engine_feed(engine, (struct weft_buffer){ copy, count }), WEFT_OK);
        while (weft_engine_next(engine, &event) != WEFT_EVENT_NONE) {
            const char *kind = event.type == WEFT_EVENT_MESSAGE        ? "whole:"
                               : event.type == WEFT_EVENT_PING         ? "ping:"
                               : event.type == WEFT_EVENT_FAILED       ? "failed"
                               : event.type != WEFT_EVENT_MESSAGE_PART ? "?"
                               : event.is_final                        ? "="
                                                                       : "+";
            sprintf(line + strlen(line), "%s%.*s", kind, (int)event.data.count,
                    (const char *)event.data.data);
        }
    }
}

/* The line without the marks between the parts. */
static void join(char *line)
{
    char *to = line;
    for (const char *from = line; *from; from++)
        if (*from != '+')
            *to++ = *from;
    *to = '\0';
}

static const struct weft_bytes fragments =
    BYTES(0x02, 3, 'o', 'n', 'e', 0x89, 1, 'p', 0x00, 0, 0x00, 3, 't', 'w', 'o', 0x80, 4, 'l', 'a',
          's', 't', 0x81, 1, 'w');

static weft_engine *create(struct probe **probe_out, uint64_t message_bytes_max)
{
    struct weft_engine_options options = { .limits = { .message_bytes_max = message_bytes_max } };
    *probe_out = probe_create_open(WEFT_CLIENT, &options);
    wf_engine_set_parts((*probe_out)->engine, WF_PARTS_LARGE);
    return (*probe_out)->engine;
}

static void a_message_comes_in_parts_however_it_is_cut(void **state)
{
    (void)state;
    struct probe *probe;
    for (size_t piece = 1; piece <= fragments.count; piece++) {
        char line[512] = "";
        feed(create(&probe, 0), fragments, piece, line);
        join(line);
        /* The ping stands where it came; the end is told once, with or without bytes. */
        char *end = strchr(line, '=');
        assert_non_null(end);
        memmove(end, end + 1, strlen(end));
        assert_null(strchr(line, '='));
        assert_string_equal(line, "oneping:ptwolastwhole:w");
        probe_destroy(probe);
    }
}

static void each_frame_is_a_part(void **state)
{
    (void)state;
    struct probe *probe;
    char line[512] = "";
    feed(create(&probe, 0), fragments, fragments.count, line);
    assert_string_equal(line, "+oneping:p+two=lastwhole:w");
    probe_destroy(probe);
}

static void what_was_handed_out_counts_against_the_limit(void **state)
{
    (void)state;
    struct probe *probe;
    for (size_t piece = 1; piece <= fragments.count; piece++) {
        char line[512] = "";
        feed(create(&probe, 10), fragments, piece, line);
        assert_non_null(strchr(line, '='));
        probe_destroy(probe);

        line[0] = '\0';
        feed(create(&probe, 9), fragments, piece, line);
        join(line);
        assert_string_equal(line, "oneping:ptwofailed"); /* Before a byte of the last frame. */
        probe_destroy(probe);
    }
}

static void texts_and_other_engines_stay_whole(void **state)
{
    (void)state;
    const struct weft_bytes text = BYTES(0x01, 3, 'o', 'n', 'e', 0x80, 3, 't', 'w', 'o');
    struct probe *probe;
    for (size_t piece = 1; piece <= text.count; piece++) {
        char line[512] = "";
        feed(create(&probe, 0), text, piece, line);
        assert_string_equal(line, "whole:onetwo");
        wf_engine_set_parts(probe->engine, WF_PARTS_NONE);
        feed(probe->engine, fragments, piece, line);
        assert_string_equal(line, "whole:onetwoping:pwhole:onetwolastwhole:w");
        probe_destroy(probe);
    }
}

/* Every part by itself: "<first", ">final"; what lies between is a text of its own. */
static void feed_all(weft_engine *engine, struct weft_bytes bytes, size_t piece, char *line)
{
    struct weft_engine_event event;
    for (size_t at = 0; at < bytes.count; at += piece) {
        uint8_t copy[512];
        size_t count = bytes.count - at < piece ? bytes.count - at : piece;
        memcpy(copy, bytes.data + at, count);
        assert_int_equal(weft_engine_feed(engine, (struct weft_buffer){ copy, count }), WEFT_OK);
        while (weft_engine_next(engine, &event) != WEFT_EVENT_NONE) {
            struct weft_bytes data = { event.data.data, event.data.count };
            if (event.type == WEFT_EVENT_FAILED) {
                sprintf(line + strlen(line), "!%u", event.failure->close_code);
                continue;
            }
            /* A part ends where a character ends, and has some unless it is the last. */
            if (event.message_type == WEFT_TEXT)
                assert_true(wf_engine_is_utf8(data));
            assert_true(event.type != WEFT_EVENT_MESSAGE_PART || data.count || event.is_final);
            bool is_whole = event.type == WEFT_EVENT_MESSAGE;
            sprintf(line + strlen(line), "%s%.*s%s", is_whole || event.is_first ? "<" : "",
                    (int)data.count, (const char *)data.data,
                    is_whole || event.is_final ? ">" : "");
        }
    }
}

static void all_come_in_parts_however_they_are_cut(void **state)
{
    (void)state;
    const struct {
        const char *name;
        struct weft_bytes bytes;
        const char *line;
    } cases[] = {
        { "one frame", BYTES(0x81, 5, 'h', 'e', 'l', 'l', 'o'), "<hello>" },
        { "nothing", BYTES(0x81, 0, 0x02, 0, 0x80, 0), "<><>" },
        { "binary", BYTES(0x02, 2, 'a', 'b', 0x00, 0, 0x80, 1, 'c', 0x81, 1, 'd'), "<abc><d>" },
        { "an empty end", BYTES(0x01, 1, 'a', 0x80, 0), "<a>" },
        { "characters across frames",
          BYTES(0x01, 2, 'x', 0xe2, 0x00, 1, 0x82, 0x80, 2, 0xac, 'y', 0x81, 2, 0xc3, 0xa4),
          "<x\xe2\x82\xacy><\xc3\xa4>" },
        { "four bytes", BYTES(0x01, 3, 0xf0, 0x9f, 0x92, 0x80, 1, 0x96), "<\xf0\x9f\x92\x96>" },
        { "ends in a character", BYTES(0x01, 1, 'a', 0x80, 2, 0xe2, 0x82), "<a!1007" },
        { "breaks in a character", BYTES(0x01, 2, 'a', 0xe2, 0x80, 1, 0x41), "<a!1007" },
        { "a limit", BYTES(0x01, 3, 'a', 'b', 'c', 0x00, 13, 'd'), "<abc!1009" },
    };
    for_each_case(c, cases)
    {
        for (size_t piece = 1; piece <= c->bytes.count; piece++) {
            struct weft_engine_options options = { .limits = { .message_bytes_max = 15 } };
            struct probe *probe = probe_create_open(WEFT_CLIENT, &options);
            char line[512] = "";
            wf_engine_set_parts(probe->engine, WF_PARTS_ALL);
            feed_all(probe->engine, c->bytes, piece, line);
            /* A part that had come is told, unless its frame has failed with it. */
            if (strchr(line, '!') && line[0] != '<')
                assert_string_equal(line, strchr(c->line, '!'));
            else
                assert_string_equal(line, c->line);
            probe_destroy(probe);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_comes_in_parts_however_it_is_cut),
        cmocka_unit_test(each_frame_is_a_part),
        cmocka_unit_test(what_was_handed_out_counts_against_the_limit),
        cmocka_unit_test(texts_and_other_engines_stay_whole),
        cmocka_unit_test(all_come_in_parts_however_they_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
