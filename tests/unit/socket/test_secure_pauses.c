/* What a paused connection over TLS keeps, and the end behind it. */
#include "unit/socket/peer.h"

static void pause_at_message(struct pair *pair, const char *name)
{
    if (strcmp(name, "message") == 0)
        weft_socket_pause(pair->socket);
}

/* Many records in one read: the pause keeps the rest, and the end comes behind it. */
static void a_pause_holds_all_back(void **state)
{
    (void)state;
    for (int says_goodbye = 0; says_goodbye < 2; says_goodbye++) {
        struct peer *peer = calloc(1, sizeof *peer);
        peer->pair.on_event = pause_at_message;
        peer_begin(peer, NULL);
        peer_open(peer);
        static const char *const frames[] = { "\x81\x81\0\0\0\0a", "\x81\x81\0\0\0\0b",
                                              "\x81\x81\0\0\0\0c", "\x81\x81\0\0\0\0d" };
        for (size_t i = 0; i < COUNT_OF(frames); i++)
            peer_seal(peer, frames[i], 7);
        if (says_goodbye) {
            wf_tls_end(peer->tls);
            peer_seal(peer, NULL, 0);
        }
        while (peer->unsent_count)
            peer_write(peer);
        assert_int_equal(shutdown(peer->pair.fd, SHUT_WR), 0);
        char wanted[64] = "open ";
        for (char letter = 'a'; letter <= 'd'; letter++) {
            snprintf(wanted + strlen(wanted), 16, "text:%c ", letter);
            peer_until(peer, peer->pair.bytes >= strlen(wanted));
            for (int i = 0; i < 3; i++)
                peer_turn(peer);
            if (strncmp(peer->pair.line, wanted, sizeof wanted) != 0 && letter < 'd')
                fail_msg("%s, not %s", peer->pair.line, wanted);
            weft_socket_resume(peer->pair.socket);
        }
        peer_until(peer, peer->pair.close_count);
        assert_string_equal(peer->pair.line,
                            says_goodbye
                                ? "open text:a text:b text:c text:d error:transport "
                                  "close:1006/unclean "
                                : "open text:a text:b text:c text:d error:tls close:1006/unclean ");
        peer_end(peer);
        free(peer);
    }
}

/* Plain bytes fill the loop's memory, so that sealed ones are kept; and what these bring is kept as
 * plain ones in its turn, until the last resume. */
static void an_end_behind_two_kinds_of_kept_bytes(void **state)
{
    (void)state;
    struct peer *peer = calloc(1, sizeof *peer);
    static uint8_t record[16384] = { 0x82, 0xFE, (sizeof record - 8) >> 8,
                                     (sizeof record - 8) & 0xFF };
    peer->pair.on_event = pause_at_message;
    peer->pair.receive_bytes = 4096;
    peer_begin(peer, NULL);
    peer_open(peer);
    peer_seal(peer, record, sizeof record);
    size_t rest = 1000;
    peer->step = peer->unsent_count - rest;
    peer_write(peer);
    for (int i = 0; i < 8; i++)
        assert_int_equal(weft_loop_turn(peer->pair.loop, 0), WEFT_OK);
    peer_seal(peer, "\x81\x81\0\0\0\0y\x81\x81\0\0\0\0z", 14);
    peer->step = 0;
    peer_write(peer);
    assert_int_equal(peer->unsent_count, 0);
    assert_int_equal(shutdown(peer->pair.fd, SHUT_WR), 0);
    static const char *const lines[] = { "open text: ", "open text: text:y ",
                                         "open text: text:y text:z " };
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        peer_until(peer, strcmp(peer->pair.line, lines[i]) == 0);
        for (int turns = 0; turns < 3; turns++)
            peer_turn(peer);
        weft_socket_resume(peer->pair.socket);
    }
    peer_until(peer, peer->pair.close_count);
    assert_string_equal(peer->pair.line, "open text: text:y text:z error:tls close:1006/unclean ");
    peer_end(peer);
    free(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_holds_all_back),
        cmocka_unit_test(an_end_behind_two_kinds_of_kept_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
