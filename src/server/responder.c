#include "server/responder.h"

#include "server/request.h"
#include "server/static.h"

weft_status wf_responder_create(const struct weft_allocator *allocator,
                                struct wf_responder **responder_out)
{
    *responder_out = wf_alloc_zero(allocator, sizeof **responder_out);
    return *responder_out ? WEFT_OK : WEFT_ERR_MEMORY;
}

void wf_responder_destroy(const struct weft_allocator *allocator, struct wf_responder *responder)
{
    if (!responder)
        return;
    wf_static_destroy(allocator, responder->files);
    wf_free(allocator, responder);
}

bool wf_responder_has_files(const struct wf_responder *responder)
{
    return responder->files != NULL;
}

void wf_responder_answer(struct wf_visit *visit, const struct wf_responder *responder)
{
    if (responder->files) {
        wf_static_answer(visit, responder->files);
        return;
    }
    weft_request *request = wf_request_create(visit, NULL);
    if (!request) {
        wf_answer_text(visit, 503, "no memory", NULL, 0);
        return;
    }
    if (wf_request_show(request, responder->on_request, responder->user)) {
        wf_request_finish(request);
        wf_answer_text(visit, 500, "the program gave no usable answer", NULL, 0);
    }
}

void wf_responder_add_slash(struct wf_visit *visit)
{
    size_t bytes = visit->raw_path.count + 1 + (visit->query.count ? visit->query.count + 1 : 0);
    const struct weft_allocator *allocator = visit->server->allocator;
    char *location = wf_alloc(allocator, bytes);
    if (!location) {
        wf_answer_text(visit, 503, "no memory", NULL, 0);
        return;
    }
    memcpy(location, visit->raw_path.data, visit->raw_path.count);
    location[visit->raw_path.count] = '/';
    if (visit->query.count) {
        location[visit->raw_path.count + 1] = '?';
        memcpy(location + visit->raw_path.count + 2, visit->query.data, visit->query.count);
    }
    struct weft_header header = { WEFT_TEXT_LITERAL("Location"), { location, bytes } };
    wf_answer_text(visit, 301, "it has a slash at the end", &header, 1);
    wf_free(allocator, location);
}
