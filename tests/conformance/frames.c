#include "conformance/frames.h"

#include <stdio.h>

enum way { IN_ONE_WRITE, OCTET_BY_OCTET, PIECE_BY_PIECE, WAY_COUNT };

static const char *const way_names[] = { "in one write", "octet by octet", "piece by piece" };

/* ---- one conversation ---- */

static void send_all(struct peer *peer, struct pieces pieces, enum way way)
{
    struct octets octets = { 0 };
    if (way == PIECE_BY_PIECE) {
        for (size_t i = 0; i < pieces.count; i++)
            peer_send_piece(peer, &pieces.items[i]);
        return;
    }
    wire_add_all(&octets, pieces, peer->side);
    if (way == OCTET_BY_OCTET)
        peer_send_octetwise(peer, octets.data, octets.count);
    else
        peer_send(peer, octets.data, octets.count);
    octets_free(&octets);
}

static void close_cleanly(struct peer *peer)
{
    static const struct piece close = CLOSE(1000, "");
    peer_send_piece(peer, &close);
    peer_expect(peer, &close);
}

static void run(struct arena *arena, const struct frames_case *c, enum way way)
{
    struct peer peer;
    char name[160];
    snprintf(name, sizeof name, "%s, %s", c->name, way_names[way]);
    print_message("  %s\n", name);
    arena->meet(arena, &peer, name);
    send_all(&peer, c->sends, way);
    for (size_t i = 0; i < c->answers.count; i++)
        peer_expect(&peer, &c->answers.items[i]);
    if (c->end == STAYS_OPEN)
        close_cleanly(&peer);
    else if (c->end >= FAILS)
        peer_expect_close(&peer, (uint16_t)c->end);
    arena->part(arena, &peer, (struct parting){ c->end >= FAILS, c->end == CLOSES_EARLY });
}

static void run_table(struct arena *arena, const struct case_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        for (enum way way = 0; way < WAY_COUNT; way++)
            if (arena->is_thorough || way != PIECE_BY_PIECE)
                run(arena, &table->cases[i], way);
}

/* ---- UTF-8 ---- */

static void run_utf8(struct arena *arena, const char *name, const struct piece *sends, size_t count,
                     struct pieces answers, int end)
{
    struct frames_case c = { name, { sends, count }, answers, end };
    for (enum way way = 0; way < WAY_COUNT; way++)
        if (arena->is_thorough || way == OCTET_BY_OCTET)
            run(arena, &c, way);
}

static struct piece piece_of(uint8_t first, struct weft_bytes text, size_t from, size_t to)
{
    return (struct piece){ .first = first, .payload = { text.data + from, to - from } };
}

/* Whole, in frames of one octet, and in two fragments for each place to cut: all of it on one
 * connection. */
static void run_valid(struct arena *arena, const struct utf8_case *c)
{
    enum { PLACES_MAX = 128 };
    struct piece sends[2 * PLACES_MAX + 2], answers[PLACES_MAX + 2];
    size_t bytes = c->text.count, count = 0, answer_count = 0;
    assert_true(bytes < PLACES_MAX);
    sends[count++] = piece_of(FIN | OPCODE_TEXT, c->text, 0, bytes);
    answers[answer_count++] = sends[0];
    sends[count] = piece_of(OPCODE_TEXT, c->text, 0, bytes);
    sends[count++].part_bytes = 1;
    answers[answer_count++] = sends[0];
    for (size_t cut = 0; cut <= bytes; cut++) {
        sends[count++] = piece_of(OPCODE_TEXT, c->text, 0, cut);
        sends[count++] = piece_of(FIN | OPCODE_CONTINUATION, c->text, cut, bytes);
        answers[answer_count++] = sends[0];
    }
    run_utf8(arena, c->name, sends, count, (struct pieces){ answers, answer_count }, STAYS_OPEN);
}

static void run_wrong(struct arena *arena, const struct utf8_case *c)
{
    enum { NEVER_SENT = 50 };
    struct pieces nothing = NOTHING;
    struct weft_bytes text = c->text;
    size_t wrong_at = (size_t)c->wrong_at;

    struct piece whole = piece_of(FIN | OPCODE_TEXT, text, 0, text.count);
    run_utf8(arena, c->name, &whole, 1, nothing, 1007);

    struct piece unfinished = piece_of(FIN | OPCODE_TEXT, text, 0, wrong_at + 1);
    unfinished.announced_bytes = text.count + NEVER_SENT;
    run_utf8(arena, c->name, &unfinished, 1, nothing, 1007);

    /* What stands before the wrong octet is no failure yet: the ping is answered. */
    struct piece ping = PING("still alive"), pong = PONG("still alive");
    struct piece sends[] = { piece_of(OPCODE_TEXT, text, 0, wrong_at), ping,
                             piece_of(OPCODE_CONTINUATION, text, wrong_at, wrong_at + 1) };
    sends[2].announced_bytes = text.count + NEVER_SENT;
    run_utf8(arena, c->name, sends, COUNT_OF(sends), (struct pieces){ &pong, 1 }, 1007);
}

static void run_cut(struct arena *arena, const struct utf8_case *c)
{
    struct pieces nothing = NOTHING;
    struct piece whole = piece_of(FIN | OPCODE_TEXT, c->text, 0, c->text.count);
    run_utf8(arena, c->name, &whole, 1, nothing, 1007);

    struct piece ping = PING("still alive"), pong = PONG("still alive");
    struct piece sends[] = { piece_of(OPCODE_TEXT, c->text, 0, c->text.count), ping, LAST("") };
    run_utf8(arena, c->name, sends, COUNT_OF(sends), (struct pieces){ &pong, 1 }, 1007);

    struct piece bad_end[] = { sends[0], ping, UNFINISHED(FIN, 50, "a") };
    run_utf8(arena, c->name, bad_end, COUNT_OF(bad_end), (struct pieces){ &pong, 1 }, 1007);
}

/* Each text whole; the valid ones in fragments, cut everywhere; the others up to their first wrong
 * octet in a frame that never ends, also behind a fragment and a ping. */
static void run_texts(struct arena *arena)
{
    for (size_t i = 0; i < cases_utf8_count; i++) {
        const struct utf8_case *c = &cases_utf8[i];
        if (c->wrong_at == UTF8_VALID)
            run_valid(arena, c);
        else if (c->wrong_at == UTF8_CUT)
            run_cut(arena, c);
        else
            run_wrong(arena, c);
    }
}

/* ---- the tests ---- */

static struct arena *tested_arena;

#define TABLE_TEST(table)                                                                          \
    static void table##_test(void **state)                                                         \
    {                                                                                              \
        (void)state;                                                                               \
        run_table(tested_arena, &cases_##table);                                                   \
    }
TABLE_TEST(framing)
TABLE_TEST(pings)
TABLE_TEST(reserved_bits)
TABLE_TEST(reserved_opcodes)
TABLE_TEST(fragments)
TABLE_TEST(closing)
TABLE_TEST(automatic_fragments)

static void utf8_test(void **state)
{
    (void)state;
    run_texts(tested_arena);
}

int frames_run_tests(struct arena *arena, int (*start)(void **state), int (*end)(void **state))
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(framing_test),       cmocka_unit_test(pings_test),
        cmocka_unit_test(reserved_bits_test), cmocka_unit_test(reserved_opcodes_test),
        cmocka_unit_test(fragments_test),     cmocka_unit_test(utf8_test),
        cmocka_unit_test(closing_test),       cmocka_unit_test(automatic_fragments_test),
    };
    tested_arena = arena;
    return cmocka_run_group_tests(tests, start, end);
}
