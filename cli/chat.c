#include "chat.h"

#include "chat_names.h"
#include "chat_pace.h"
#include "weft/pubsub.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    CLIENTS_MAX = 10000,
    TEXT_CHARACTERS_MAX = 2000,
    MESSAGE_BYTES_MAX = 64 * 1024, /* The longest text, every character of it escaped, fits. */
};

/* Who is told what: everybody hears the list of users, who signed in hears all. */
static const char topic_everybody[] = "chat/everybody";
static const char topic_signed_in[] = "chat/signed-in";

struct client {
    struct chat *chat;
    weft_socket *socket;
    struct client *previous, *next; /* In the order of arrival. */
    json_int_t id;
    bool is_signed_in;
    struct chat_name name;
    struct chat_pace pace;
};

struct chat {
    weft_loop *loop;
    weft_hub *hub;
    weft_timer *list_timer;
    bool list_is_due;
    struct endpoint *endpoint;
    struct chat_names names;
    struct client *first, *last;
    size_t client_count;
    json_int_t last_id;
};

/* ---- what the server says ---- */

static json_int_t date_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (json_int_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Takes the value over. Without memory for the message the client must not believe that it got all.
 */
static void send_json(struct client *client, json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
    json_decref(value);
    weft_status status =
        text ? weft_socket_send_text(client->socket, text, WEFT_ZERO_TERMINATED) : WEFT_ERR_MEMORY;
    if (status == WEFT_OK)
        endpoint_sent(client->chat->endpoint, 1, strlen(text));
    else
        (void)!weft_socket_close(client->socket, 1011, "no memory");
    free(text);
}

static void publish_json(struct chat *chat, const char *topic, json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
    json_decref(value);
    size_t bytes = text ? strlen(text) : 0;
    if (text && weft_publish(chat->hub, topic, WEFT_TEXT, text, bytes, NULL) == WEFT_OK)
        endpoint_sent(chat->endpoint, weft_subscriber_count(chat->hub, topic), bytes);
    free(text);
}

static void send_error(struct client *client, const char *text)
{
    send_json(client, json_pack("{ss ss}", "type", "error", "text", text));
}

static void on_list_timer(weft_timer *timer, void *user)
{
    (void)timer;
    struct chat *chat = user;
    chat->list_is_due = false;
    json_t *users = json_array();
    for (struct client *client = chat->first; client; client = client->next)
        if (client->is_signed_in)
            json_array_append_new(users, json_string(client->name.text));
    publish_json(chat, topic_everybody, json_pack("{ss so}", "type", "userlist", "users", users));
}

/* The list goes to everybody and names everybody: where many come and go, it waits a little, so
 * that one list tells of many. */
static void announce_list(struct chat *chat)
{
    if (chat->list_is_due)
        return;
    chat->list_is_due = true;
    weft_timer_start(chat->list_timer, (uint32_t)(chat->client_count / 2), 0);
}

/* ---- what a client says ---- */

static bool take_name(struct client *client, const struct chat_name *name)
{
    struct chat *chat = client->chat;
    if (client->is_signed_in)
        chat_names_remove(&chat->names, &client->name);
    client->is_signed_in = false;

    client->name = *name;
    chat_names_make_free(&chat->names, &client->name);
    if (weft_subscribe(chat->hub, client->socket, topic_signed_in) != WEFT_OK)
        return false;
    client->is_signed_in = chat_names_add(&chat->names, &client->name);
    return client->is_signed_in;
}

static void sign_in(struct client *client, const struct chat_name *wanted)
{
    if (!take_name(client, wanted)) {
        (void)!weft_socket_close(client->socket, 1011, "no memory");
        return;
    }
    if (strcmp(client->name.key, wanted->key) != 0)
        send_json(client, json_pack("{ss sI ss}", "type", "rejectusername", "id", client->id,
                                    "name", client->name.text));
    publish_json(client->chat, topic_signed_in,
                 json_pack("{ss sI ss sI}", "type", "username", "id", client->id, "name",
                           client->name.text, "date", date_ms()));
    announce_list(client->chat);
}

static void on_username(struct client *client, const json_t *message)
{
    const json_t *text = json_object_get(message, "name");
    if (!json_is_string(text)) {
        send_error(client, "\"username\" needs a \"name\" that is a string");
        return;
    }
    struct chat_name name;
    switch (chat_name_of(&name, json_string_value(text), json_string_length(text))) {
    case CHAT_NAME_GOOD:
        sign_in(client, &name);
        break;
    case CHAT_NAME_EMPTY:
        send_error(client, "the name is empty");
        break;
    case CHAT_NAME_LONG:
        send_error(client, "the name is longer than 32 characters");
        break;
    case CHAT_NAME_UNPRINTABLE:
        send_error(client, "the name has characters that cannot be seen");
        break;
    }
}

static void on_text(struct client *client, const json_t *message)
{
    const json_t *text = json_object_get(message, "text");
    if (!client->is_signed_in)
        send_error(client, "sign in first: {\"type\":\"username\",\"name\":\"...\"}");
    else if (!json_is_string(text) || json_string_length(text) == 0)
        send_error(client, "\"message\" needs a \"text\" that is a string and not empty");
    else if (chat_count_characters(json_string_value(text), json_string_length(text)) >
             TEXT_CHARACTERS_MAX)
        send_error(client, "the text is longer than 2000 characters");
    else
        publish_json(client->chat, topic_signed_in,
                     json_pack("{ss sI ss sO sI}", "type", "message", "id", client->id, "name",
                               client->name.text, "text", text, "date", date_ms()));
}

static void on_json(struct client *client, const json_t *message)
{
    static const struct {
        const char *type;
        void (*on_message)(struct client *client, const json_t *message);
    } types[] = { { "username", on_username }, { "message", on_text } };

    const char *type = json_string_value(json_object_get(message, "type"));
    for (size_t i = 0; type && i < sizeof types / sizeof *types; i++) {
        if (strcmp(type, types[i].type) == 0) {
            types[i].on_message(client, message);
            return;
        }
    }
    send_error(client, type ? "this \"type\" is not known" : "expected an object with a \"type\"");
}

/* ---- events ---- */

static bool keeps_pace(struct client *client)
{
    switch (chat_pace_count(&client->pace, weft_loop_now_ms(client->chat->loop))) {
    case CHAT_PACE_GOOD:
        return true;
    case CHAT_PACE_WARN:
        send_error(client, "too many messages: slow down");
        return false;
    case CHAT_PACE_DROP:
        return false;
    case CHAT_PACE_CLOSE:
        (void)!weft_socket_close(client->socket, 1008, "too many messages");
        return false;
    }
    return false;
}

static void on_message(weft_socket *socket, const struct weft_message_event *event, void *user)
{
    (void)socket;
    struct client *client = user;
    endpoint_received(client->chat->endpoint, event->bytes);
    if (!keeps_pace(client))
        return;
    if (event->type != WEFT_TEXT) {
        send_error(client, "expected a text message");
        return;
    }
    json_t *message =
        json_loadb(event->data, event->bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    if (message)
        on_json(client, message);
    else
        send_error(client, "the message is not JSON");
    json_decref(message);
}

static void on_open(weft_socket *socket, void *user)
{
    struct client *client = user;
    client->socket = socket;
    endpoint_opened(client->chat->endpoint, socket);
    if (weft_subscribe(client->chat->hub, socket, topic_everybody) != WEFT_OK) {
        (void)!weft_socket_close(socket, 1011, "no memory");
        return;
    }
    send_json(client, json_pack("{ss sI}", "type", "id", "id", client->id));
}

static void remove_client(struct client *client)
{
    struct chat *chat = client->chat;
    *(client->previous ? &client->previous->next : &chat->first) = client->next;
    *(client->next ? &client->next->previous : &chat->last) = client->previous;
    chat->client_count--;
    if (client->is_signed_in) {
        chat_names_remove(&chat->names, &client->name);
        announce_list(chat);
    }
    free(client);
}

static void on_close(weft_socket *socket, const struct weft_close_event *close, void *user)
{
    (void)socket;
    struct client *client = user;
    endpoint_closed(client->chat->endpoint, close);
    remove_client(client);
}

static struct client *add_client(struct chat *chat)
{
    struct client *client = chat->client_count < CLIENTS_MAX ? calloc(1, sizeof *client) : NULL;
    if (!client)
        return NULL;
    client->chat = chat;
    client->id = ++chat->last_id;
    client->previous = chat->last;
    *(chat->last ? &chat->last->next : &chat->first) = client;
    chat->last = client;
    chat->client_count++;
    return client;
}

static void on_upgrade(weft_request *request, void *user)
{
    struct client *client = add_client(user);
    if (!client) {
        endpoint_answer(request, 503, "the chat is full\n");
        return;
    }
    weft_status status = weft_request_accept(request, &(struct weft_acceptance){ .user = client });
    if (status == WEFT_OK)
        return;
    remove_client(client);
    if (status != WEFT_ERR_CLOSED)
        endpoint_answer(request, 500, "the request could not be accepted\n");
}

void chat_fill_route(struct chat *chat, struct weft_route *route)
{
    uint64_t *bytes_max = &route->settings.limits.message_bytes_max;
    if (*bytes_max == 0 || *bytes_max > MESSAGE_BYTES_MAX)
        *bytes_max = MESSAGE_BYTES_MAX;
    route->on_upgrade = on_upgrade;
    route->events.on_open = on_open;
    route->events.on_message = on_message;
    route->events.on_close = on_close;
    route->user = chat;
}

/* ---- its life ---- */

weft_status chat_create(weft_loop *loop, struct endpoint *endpoint, struct chat **chat_out)
{
    struct chat *chat = calloc(1, sizeof *chat);
    if (!chat)
        return WEFT_ERR_MEMORY;
    chat->loop = loop;
    chat->endpoint = endpoint;

    weft_status status = weft_hub_create(loop, NULL, &chat->hub);
    if (!status)
        status = weft_timer_create(loop, on_list_timer, chat, &chat->list_timer);
    if (status) {
        chat_destroy(chat);
        return status;
    }
    *chat_out = chat;
    return WEFT_OK;
}

void chat_destroy(struct chat *chat)
{
    if (!chat)
        return;
    for (struct client *client = chat->first, *next; client; client = next) {
        next = client->next;
        remove_client(client);
    }
    weft_timer_destroy(chat->list_timer);
    weft_hub_destroy(chat->hub);
    free(chat);
}
