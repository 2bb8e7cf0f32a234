#include "server/server.h"

#include "codec/http1.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

/* RFC 9110 6.6.1. The clock is read for each answer, the text made once a second. */
static struct weft_text date_of(weft_server *server)
{
    int64_t now = (int64_t)time(NULL);
    if (server->date_seconds != now || server->date[0] == '\0') {
        server->date_seconds = now;
        wf_http_date_format(now, server->date);
    }
    return weft_text_of(server->date);
}

static bool has_header(const struct wf_answer *answer, const char *name)
{
    struct weft_headers headers = { answer->headers, answer->header_count };
    return weft_headers_find(headers, name, NULL) != NULL;
}

/* The server's own fields, where the answer does not have them: at most 3. Returns how many. */
static size_t add_own(weft_server *server, const struct wf_answer *answer, struct weft_header *own)
{
    size_t count = 0;
    own[count++] = (struct weft_header){ WEFT_TEXT_LITERAL("Date"), date_of(server) };
    if (server->options.name && !has_header(answer, "Server"))
        own[count++] =
            (struct weft_header){ WEFT_TEXT_LITERAL("Server"), weft_text_of(server->options.name) };
    if (answer->content_type && !has_header(answer, "Content-Type"))
        own[count++] = (struct weft_header){ WEFT_TEXT_LITERAL("Content-Type"),
                                             weft_text_of(answer->content_type) };
    return count;
}

enum { OWN_MAX = 3, FEW_HEADERS = 24 };

weft_status wf_answer_send(weft_server *server, weft_socket *socket, const struct wf_answer *answer)
{
    struct weft_header few[FEW_HEADERS];
    struct weft_header *headers = few;
    if (answer->header_count > FEW_HEADERS - OWN_MAX) {
        headers = wf_alloc(server->allocator, (answer->header_count + OWN_MAX) * sizeof *headers);
        if (!headers)
            return WEFT_ERR_MEMORY;
    }
    size_t count = add_own(server, answer, headers);
    if (answer->header_count)
        memcpy(headers + count, answer->headers, answer->header_count * sizeof *headers);

    struct weft_engine_respond respond = {
        .status = answer->status,
        .headers = { headers, count + answer->header_count },
        .body = answer->body,
        .head_only = answer->head_only,
        .body_follows = answer->body_follows,
        .body_bytes = answer->body_bytes,
        .close = answer->close || server->drain.is_draining,
    };
    weft_status status = wf_socket_respond(socket, &respond);
    if (headers != few)
        wf_free(server->allocator, headers);
    return status;
}

void wf_answer_give_up(weft_socket *socket)
{
    static const struct weft_failure no_memory = { .kind = WEFT_FAILURE_MEMORY,
                                                   .status = WEFT_ERR_MEMORY,
                                                   .text = "no memory for an answer" };
    wf_socket_abort(socket, &no_memory, false);
}

enum { TEXT_BYTES_MAX = 160 };

void wf_answer_text(const struct wf_visit *visit, int status, const char *text,
                    const struct weft_header *headers, size_t header_count)
{
    char line[TEXT_BYTES_MAX];
    int bytes = snprintf(line, sizeof line, "%s\n", text);
    assert(bytes > 0 && (size_t)bytes < sizeof line);
    struct wf_answer answer = {
        .status = status,
        .content_type = "text/plain; charset=utf-8",
        .headers = headers,
        .header_count = header_count,
        .body = { (const uint8_t *)line, (size_t)bytes },
        .head_only = visit->is_head,
    };
    if (wf_answer_send(visit->server, visit->socket, &answer))
        wf_answer_give_up(visit->socket);
}

void wf_answer_not_allowed(const struct wf_visit *visit, const char *text, bool head_too)
{
    struct weft_header allow = { WEFT_TEXT_LITERAL("Allow"), WEFT_TEXT_LITERAL("GET") };
    if (head_too)
        allow.value = WEFT_TEXT_LITERAL("GET, HEAD");
    wf_answer_text(visit, 405, text, &allow, 1);
}

void wf_answer_upgrade_required(const struct wf_visit *visit, const char *text)
{
    /* The engine adds the version where a WebSocket was asked for. */
    struct weft_header upgrade = { WEFT_TEXT_LITERAL("Upgrade"), WEFT_TEXT_LITERAL("websocket") };
    wf_answer_text(visit, 426, text, &upgrade, 1);
}
