#include "server/representation.h"

#include "server/body.h"
#include "server/range.h"

#include <inttypes.h>
#include <stdio.h>

enum { OWN_HEADERS = 6, CONTENT_RANGE_BYTES = 80 };

struct fields {
    size_t count;
    struct weft_header items[WF_REPRESENTATION_HEADERS_MAX + OWN_HEADERS];
};

static void add(struct fields *fields, struct weft_text name, struct weft_text value)
{
    fields->items[fields->count++] = (struct weft_header){ name, value };
}

/* The user's come first, and replace the server's own. */
static void add_own(struct fields *fields, struct weft_text name, struct weft_text value)
{
    struct weft_headers headers = { fields->items, fields->count };
    if (value.count && !weft_headers_find(headers, name.data, NULL))
        add(fields, name, value);
}

static void add_common(struct fields *fields, const struct wf_representation *file)
{
    for (size_t i = 0; i < file->headers.count; i++)
        add(fields, file->headers.items[i].name, file->headers.items[i].value);
    add_own(fields, WEFT_TEXT_LITERAL("X-Content-Type-Options"), WEFT_TEXT_LITERAL("nosniff"));
    add_own(fields, WEFT_TEXT_LITERAL("Cache-Control"), weft_text_of(file->cache_control));
    add_own(fields, WEFT_TEXT_LITERAL("ETag"), file->validators.etag);
    add_own(fields, WEFT_TEXT_LITERAL("Accept-Ranges"), WEFT_TEXT_LITERAL("bytes"));
    if (file->validators.has_time)
        add_own(fields, WEFT_TEXT_LITERAL("Last-Modified"), weft_text_of(file->modified));
}

/* The part that is asked for, and the status that goes with it. */
static int choose_part(const struct wf_visit *visit, const struct wf_representation *file,
                       int64_t now, uint64_t *first_out, uint64_t *bytes_out)
{
    struct weft_headers headers = visit->view->headers;
    const struct weft_header *range = weft_headers_find(headers, "Range", NULL);
    *first_out = 0;
    *bytes_out = file->bytes;
    /* RFC 9110 14.2: Range is defined for GET alone. */
    if (!range || visit->is_head || !wf_condition_range_counts(headers, &file->validators, now))
        return 200;
    switch (wf_range_parse(range->value, file->bytes, first_out, bytes_out)) {
    case WF_RANGE_PART:
        return 206;
    case WF_RANGE_UNSATISFIABLE:
        return 416;
    case WF_RANGE_WHOLE:
        break;
    }
    return 200;
}

/* Sends a body that fits into one block. */
static weft_status send_small(const struct wf_visit *visit, const struct wf_representation *file,
                              struct wf_answer *answer, uint64_t first, size_t bytes)
{
    if (file->data || bytes == 0) {
        answer->body = (struct weft_bytes){ file->data ? file->data + first : NULL, bytes };
        return wf_answer_send(visit->server, visit->socket, answer);
    }
    struct wf_pool *pool = wf_loop_pool(visit->server->loop);
    uint8_t *block = wf_pool_take(pool, bytes, NULL);
    if (!block)
        return WEFT_ERR_MEMORY;
    weft_status status = WEFT_ERR_SYSTEM;
    if (wf_body_read(file->fd, block, bytes, first) == bytes) {
        answer->body = (struct weft_bytes){ block, bytes };
        status = wf_answer_send(visit->server, visit->socket, answer);
    }
    wf_pool_give(pool, block, bytes);
    return status;
}

/* Sends the head; the body follows as its reader takes it. The descriptor goes with it. */
static weft_status send_large(const struct wf_visit *visit, struct wf_representation *file,
                              struct wf_answer *answer, uint64_t first, uint64_t bytes)
{
    answer->body_follows = true;
    answer->body_bytes = bytes;
    weft_status status = wf_body_attach(visit->socket, file->fd, file->data, first, bytes);
    if (status)
        return status;
    file->fd = -1;
    status = wf_answer_send(visit->server, visit->socket, answer);
    if (status)
        wf_server_forget_owned(visit->socket);
    return status;
}

/* The answer to HEAD, and a 304: the length that a 200 to GET has, and no body. RFC 9110 8.6. */
static weft_status send_head(const struct wf_visit *visit, struct wf_answer *answer, uint64_t bytes)
{
    answer->head_only = true;
    answer->body_follows = true;
    answer->body_bytes = bytes;
    return wf_answer_send(visit->server, visit->socket, answer);
}

static weft_status send_content(const struct wf_visit *visit, struct wf_representation *file,
                                struct wf_answer *answer, uint64_t first, uint64_t bytes)
{
    answer->content_type = file->content_type;
    if (visit->is_head)
        return send_head(visit, answer, bytes);
    if (bytes <= WF_BODY_BLOCK_BYTES)
        return send_small(visit, file, answer, first, (size_t)bytes);
    return send_large(visit, file, answer, first, bytes);
}

void wf_representation_send(struct wf_visit *visit, struct wf_representation *file, int64_t now)
{
    struct fields fields = { 0 };
    char content_range[CONTENT_RANGE_BYTES];
    uint64_t first = 0, bytes = 0;
    add_common(&fields, file);
    int status = wf_condition_evaluate(visit->view->headers, &file->validators, now);
    if (status == 412) {
        wf_answer_text(visit, 412, "the file is another one by now", NULL, 0);
        return;
    }
    if (status == 200)
        status = choose_part(visit, file, now, &first, &bytes);
    if (status == 416) {
        snprintf(content_range, sizeof content_range, "bytes */%" PRIu64, file->bytes);
        struct weft_header header = { WEFT_TEXT_LITERAL("Content-Range"),
                                      weft_text_of(content_range) };
        wf_answer_text(visit, 416, "the file has no such part", &header, 1);
        return;
    }
    if (status == 206) {
        snprintf(content_range, sizeof content_range, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64,
                 first, first + bytes - 1, file->bytes);
        add(&fields, WEFT_TEXT_LITERAL("Content-Range"), weft_text_of(content_range));
    }
    struct wf_answer answer = { .status = status,
                                .headers = fields.items,
                                .header_count = fields.count };
    weft_status sent = status == 304 ? send_head(visit, &answer, file->bytes)
                                     : send_content(visit, file, &answer, first, bytes);
    if (sent)
        wf_answer_text(visit, sent == WEFT_ERR_MEMORY ? 503 : 500, "the file could not be sent",
                       NULL, 0);
}
