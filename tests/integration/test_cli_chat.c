/* The chat of weft serve, as its clients see it. */
#include "support/process.h"
#include "support/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLIENTS_MAX = 3 };

/* The server is a child; the clients live on the world's loop. */
struct chat {
    struct world world;
    struct process server;
    struct record clients[CLIENTS_MAX];
    weft_socket *sockets[CLIENTS_MAX];
    size_t client_count;
};

static void start_chat(struct chat *chat, size_t client_count)
{
    memset(chat, 0, sizeof *chat);
    world_start(&chat->world, WEFT_BACKEND_DEFAULT);
    process_serve(&chat->server, chat->world.url, sizeof chat->world.url, NULL);
    for (; chat->client_count < client_count; chat->client_count++) {
        size_t i = chat->client_count;
        chat->sockets[i] = world_connect(&chat->world, "/chat", &chat->clients[i], NULL);
        world_until(&chat->world, chat->clients[i].message_count == 1);
    }
}

static void end_chat(struct chat *chat)
{
    for (size_t i = 0; i < chat->client_count; i++)
        weft_socket_release(chat->sockets[i]);
    world_end(&chat->world);
    process_end_server(&chat->server);
}

static void say(struct chat *chat, size_t client, const char *text)
{
    assert_int_equal(weft_socket_send_text(chat->sockets[client], text, WEFT_ZERO_TERMINATED),
                     WEFT_OK);
}

/* Waits until a client has heard this text, as often as `times` says. */
static void hears(struct chat *chat, size_t client, size_t times, const char *text)
{
    size_t count = 0;
    for (int turns = 0; count < times; turns++) {
        if (!world_turn(&chat->world, turns))
            fail_msg("client %zu: no %s in %s", client, text, chat->clients[client].line);
        count = 0;
        for (const char *at = chat->clients[client].line; (at = strstr(at, text)); at++)
            count++;
    }
}

static bool has_heard(const struct chat *chat, size_t client, const char *text)
{
    return strstr(chat->clients[client].line, text) != NULL;
}

static void sign_in(struct chat *chat, size_t client, const char *name)
{
    char text[128];
    snprintf(text, sizeof text, "{\"type\":\"username\",\"name\":\"%s\"}", name);
    say(chat, client, text);
    snprintf(text, sizeof text,
             "{\"type\":\"username\",\"id\":%zu,\"name\":\"%s\",\"date\":", client + 1, name);
    hears(chat, client, 1, text);
}

static void two_people_talk(void **state)
{
    (void)state;
    struct chat chat;
    start_chat(&chat, 3);
    assert_string_equal(chat.clients[0].line, "open text:{\"type\":\"id\",\"id\":1} ");
    assert_string_equal(chat.clients[1].line, "open text:{\"type\":\"id\",\"id\":2} ");

    sign_in(&chat, 0, "anna");
    hears(&chat, 0, 1, "text:{\"type\":\"userlist\",\"users\":[\"anna\"]}");
    sign_in(&chat, 1, "Berta");
    hears(&chat, 0, 1, "text:{\"type\":\"username\",\"id\":2,\"name\":\"Berta\",\"date\":1");
    hears(&chat, 0, 1, "text:{\"type\":\"userlist\",\"users\":[\"anna\",\"Berta\"]}");

    /* Who one is and when it is, the server says. */
    say(&chat, 1,
        "{\"type\":\"message\",\"id\":1,\"name\":\"anna\",\"date\":5,\"text\":\"<b>\\u00e9\\n\"}");
    for (size_t i = 0; i < 2; i++)
        hears(&chat, i, 1,
              "text:{\"type\":\"message\",\"id\":2,\"name\":\"Berta\",\"text\":\"<b>é\\n\","
              "\"date\":1");

    /* The third has not signed in: it sees who is there, and hears nothing. */
    hears(&chat, 2, 1, "\"users\":[\"anna\",\"Berta\"]");
    assert_false(has_heard(&chat, 2, "\"message\""));
    assert_false(has_heard(&chat, 2, "\"username\""));

    assert_int_equal(weft_socket_close(chat.sockets[1], 1000, NULL), WEFT_OK);
    hears(&chat, 0, 2, "text:{\"type\":\"userlist\",\"users\":[\"anna\"]}");
    end_chat(&chat);
}

static void a_name_is_given_once(void **state)
{
    (void)state;
    struct chat chat;
    start_chat(&chat, 3);
    sign_in(&chat, 0, "anna");
    say(&chat, 1, "{\"type\":\"username\",\"name\":\" ANNA \"}");
    hears(&chat, 1, 1,
          "text:{\"type\":\"rejectusername\",\"id\":2,\"name\":\"ANNA2\"} "
          "text:{\"type\":\"username\",\"id\":2,\"name\":\"ANNA2\",\"date\":");
    hears(&chat, 0, 1, "\"users\":[\"anna\",\"ANNA2\"]");
    assert_false(has_heard(&chat, 0, "rejectusername"));

    /* A new name gives the old one back. */
    sign_in(&chat, 0, "carla");
    hears(&chat, 1, 1, "text:{\"type\":\"username\",\"id\":1,\"name\":\"carla\"");
    sign_in(&chat, 2, "anna");
    hears(&chat, 0, 1, "\"users\":[\"carla\",\"ANNA2\",\"anna\"]");
    assert_false(has_heard(&chat, 2, "rejectusername"));

    /* The own name, written otherwise, is no clash. */
    sign_in(&chat, 2, "Anna");
    assert_false(has_heard(&chat, 2, "rejectusername"));
    end_chat(&chat);
}

static void what_is_wrong_is_told_to_its_sender_alone(void **state)
{
    (void)state;
    static char long_text[2100], longest_text[2100];
    const char *head = "{\"type\":\"message\",\"text\":\"";
    snprintf(long_text, sizeof long_text, "%s%s%0*d\"}", head, "é", 2000, 0);
    snprintf(longest_text, sizeof longest_text, "%s%s%0*d\"}", head, "é", 1999, 0);
    const struct {
        const char *name;
        const char *text;
        const char *error;
    } cases[] = {
        { "before signing in", "{\"type\":\"message\",\"text\":\"a\"}", "sign in first" },
        { "not JSON", "hello", "the message is not JSON" },
        { "JSON and more", "{} {}", "the message is not JSON" },
        { "cut", "{\"type\":\"mess", "the message is not JSON" },
        { "a key twice", "{\"type\":\"message\",\"type\":\"username\"}", "not JSON" },
        { "an array", "[]", "expected an object" },
        { "a string", "\"username\"", "expected an object" },
        { "no type", "{\"text\":\"a\"}", "expected an object with a \\\"type\\\"" },
        { "a type that is no string", "{\"type\":1}", "expected an object" },
        { "unknown type", "{\"type\":\"userlist\",\"users\":[]}", "not known" },
        { "no name", "{\"type\":\"username\"}", "needs a \\\"name\\\"" },
        { "a name that is no string", "{\"type\":\"username\",\"name\":7}", "needs a" },
        { "empty name", "{\"type\":\"username\",\"name\":\"  \"}", "the name is empty" },
        { "long name", "{\"type\":\"username\",\"name\":\"123456789012345678901234567890123\"}",
          "longer than 32" },
        { "turned name", "{\"type\":\"username\",\"name\":\"a\\u202eb\"}", "cannot be seen" },
        { "a zero", "{\"type\":\"username\",\"name\":\"a\\u0000b\"}", "not JSON" },
    };
    struct chat chat;
    start_chat(&chat, 2);
    sign_in(&chat, 1, "berta");
    for_each_case(c, cases)
    {
        size_t count = chat.clients[0].message_count;
        chat.clients[0].bytes = 0;
        chat.clients[0].line[0] = '\0';
        say(&chat, 0, c->text);
        hears(&chat, 0, 1, "{\"type\":\"error\",\"text\":\"");
        hears(&chat, 0, 1, c->error);
        assert_true(chat.clients[0].message_count > count);
    }
    end_chat(&chat);

    start_chat(&chat, 2);
    sign_in(&chat, 1, "berta");
    sign_in(&chat, 0, "anna");
    say(&chat, 0, "{\"type\":\"message\",\"text\":\"\"}");
    hears(&chat, 0, 1, "not empty");
    say(&chat, 0, "{\"type\":\"message\",\"text\":[]}");
    hears(&chat, 0, 2, "not empty");
    say(&chat, 0, long_text);
    hears(&chat, 0, 1, "the text is longer than 2000 characters");
    assert_int_equal(weft_socket_send_bytes(chat.sockets[0], "{}", 2), WEFT_OK);
    hears(&chat, 0, 1, "expected a text message");
    say(&chat, 0, longest_text);
    hears(&chat, 1, 1, "\"name\":\"anna\",\"text\":\"é000");
    assert_false(has_heard(&chat, 1, "\"error\""));
    end_chat(&chat);
}

static void a_flood_is_stopped(void **state)
{
    (void)state;
    struct chat chat;
    start_chat(&chat, 2);
    sign_in(&chat, 1, "berta");
    hears(&chat, 1, 1, "\"users\":[\"berta\"]");
    sign_in(&chat, 0, "anna");
    for (size_t i = 0; i < 100; i++)
        say(&chat, 0, "{\"type\":\"message\",\"text\":\"flood\"}");
    world_until(&chat.world, chat.clients[0].is_closed);
    assert_true(has_heard(&chat, 0, "\"text\":\"too many messages: slow down\""));
    assert_true(has_heard(&chat, 0, "close:1008/too many messages/clean"));
    /* What came before was heard; the last who left is told. */
    hears(&chat, 1, 19, "\"text\":\"flood\"");
    hears(&chat, 1, 2, "\"users\":[\"berta\"]");
    end_chat(&chat);
}

static void a_message_that_is_far_too_big_ends_its_sender(void **state)
{
    (void)state;
    struct chat chat;
    start_chat(&chat, 2);
    static char big[64 * 1024 + 2];
    memset(big, ' ', sizeof big - 1);
    say(&chat, 0, big);
    world_until(&chat.world, chat.clients[0].is_closed);
    assert_true(has_heard(&chat, 0, "close:1009/"));
    sign_in(&chat, 1, "berta");
    end_chat(&chat);
}

static bool is_alone;

/* The lists are too long for a record. */
static void look_who_is_there(weft_socket *socket, const struct weft_message_event *message,
                              struct record *record)
{
    (void)socket, (void)record;
    static const char list[] = "{\"type\":\"userlist\",\"users\":[\"anna\"]}";
    if (memmem(message->data, message->bytes, "\"userlist\"", 10))
        is_alone =
            message->bytes == sizeof list - 1 && !memcmp(message->data, list, sizeof list - 1);
}

static void many_come_and_go(void **state)
{
    (void)state;
    enum { MANY = 300 };
    struct chat chat;
    static struct record others[MANY];
    start_chat(&chat, 1);
    sign_in(&chat, 0, "anna");
    chat.clients[0].quiet = true;
    chat.clients[0].on_message = look_who_is_there;
    memset(others, 0, sizeof others);
    for (size_t i = 0; i < MANY; i++) {
        others[i].quiet = true;
        weft_socket_release(world_connect(&chat.world, "/chat", &others[i], NULL));
    }
    for (size_t i = 0; i < MANY; i++) {
        world_until(&chat.world, others[i].socket);
        assert_int_equal(weft_socket_send_text(others[i].socket,
                                               "{\"type\":\"username\",\"name\":\"anna\"}",
                                               WEFT_ZERO_TERMINATED),
                         WEFT_OK);
    }
    /* Each hears its id, its rejection, and the names of all who came after it. */
    world_until(&chat.world, others[MANY - 1].message_count >= 3 && !is_alone);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(weft_socket_close(others[i].socket, 1000, NULL), WEFT_OK);
    for (size_t i = 0; i < MANY; i++)
        world_until(&chat.world, others[i].is_closed);
    world_until(&chat.world, is_alone);
    end_chat(&chat);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_people_talk),
        cmocka_unit_test(a_name_is_given_once),
        cmocka_unit_test(what_is_wrong_is_told_to_its_sender_alone),
        cmocka_unit_test(a_flood_is_stopped),
        cmocka_unit_test(a_message_that_is_far_too_big_ends_its_sender),
        cmocka_unit_test(many_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
