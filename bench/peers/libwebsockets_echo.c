/* libwebsockets as an echo.   usage: libwebsockets_echo PORT MODE */
#include <libwebsockets.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { RECEIVE_BYTES = 64 << 10 };

/* A message that waits to be written. */
struct message {
    struct message *next;
    size_t bytes, room;
    enum lws_write_protocol type;
    unsigned char data[]; /* LWS_PRE bytes for the header, and the payload. */
};

struct session {
    struct message *coming; /* Not whole yet. */
    struct message *first, **end;
};

static bool add(struct session *session, const void *data, size_t bytes, size_t left)
{
    struct message *message = session->coming;
    size_t used = message ? message->bytes : 0, needed = used + bytes + left;
    if (!message || needed > message->room) {
        size_t room = needed > 2 * used ? needed : 2 * used;
        message = realloc(message, sizeof *message + LWS_PRE + room);
        if (!message)
            return false;
        message->room = room;
    }
    memcpy(message->data + LWS_PRE + used, data, bytes);
    message->bytes = used + bytes;
    session->coming = message;
    return true;
}

static void end_message(struct session *session, bool is_binary)
{
    session->coming->type = is_binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT;
    session->coming->next = NULL;
    *session->end = session->coming;
    session->end = &session->coming->next;
    session->coming = NULL;
}

static bool write_first(struct lws *socket, struct session *session)
{
    struct message *message = session->first;
    if (!message)
        return true;
    int sent = lws_write(socket, message->data + LWS_PRE, message->bytes, message->type);
    session->first = message->next;
    if (!session->first)
        session->end = &session->first;
    else
        lws_callback_on_writable(socket);
    free(message);
    return sent >= 0;
}

static void forget(struct session *session)
{
    free(session->coming);
    while (session->first) {
        struct message *next = session->first->next;
        free(session->first);
        session->first = next;
    }
}

static int echo(struct lws *socket, enum lws_callback_reasons reason, void *user, void *data,
                size_t bytes)
{
    struct session *session = user;
    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        *session = (struct session){ .end = &session->first };
        return 0;
    case LWS_CALLBACK_RECEIVE:
        if (!add(session, data, bytes, lws_remaining_packet_payload(socket)))
            return -1;
        if (lws_is_final_fragment(socket) && lws_remaining_packet_payload(socket) == 0) {
            end_message(session, lws_frame_is_binary(socket) != 0);
            lws_callback_on_writable(socket);
        }
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return write_first(socket, session) ? 0 : -1;
    case LWS_CALLBACK_CLOSED:
        forget(session);
        return 0;
    default:
        return 0;
    }
}

int main(int argc, char **argv)
{
    static const struct lws_protocols protocols[] = {
        { "echo", echo, sizeof(struct session), RECEIVE_BYTES, 0, NULL, 0 },
        { NULL, NULL, 0, 0, 0, NULL, 0 },
    };
    /* Whether contexts are taken over is what the client asks for. */
    static const struct lws_extension extensions[] = {
        { "permessage-deflate", lws_extension_callback_pm_deflate, "permessage-deflate" },
        { NULL, NULL, NULL },
    };
    const char *mode = argc > 2 ? argv[2] : "plain";
    struct lws_context_creation_info info = { .port = argc > 1 ? atoi(argv[1]) : 0,
                                              .iface = "127.0.0.1",
                                              .protocols = protocols,
                                              .gid = (gid_t)-1,
                                              .uid = (uid_t)-1 };
    if (strncmp(mode, "deflate", strlen("deflate")) == 0)
        info.extensions = extensions;
    if (strcmp(mode, "tls") == 0) {
        info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
        info.ssl_cert_filepath = getenv("TLS_CERT");
        info.ssl_private_key_filepath = getenv("TLS_KEY");
    }
    lws_set_log_level(LLL_ERR, NULL);
    struct lws_context *context = lws_create_context(&info);
    while (context && lws_service(context, 0) >= 0)
        ;
    lws_context_destroy(context);
    return 1;
}
