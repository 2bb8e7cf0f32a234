/* What answers GET and HEAD at a pattern: the user's function, or files. */
#ifndef WF_SERVER_RESPONDER_H
#define WF_SERVER_RESPONDER_H

#include "server/server.h"

struct wf_responder {
    void (*on_request)(weft_request *request, void *user); /* NULL: files. */
    void *user;
    struct wf_static *files;
};

WEFT_MUST_USE weft_status wf_responder_create(const struct weft_allocator *allocator,
                                              struct wf_responder **responder_out);
/* With its files. NULL is allowed. */
void wf_responder_destroy(const struct weft_allocator *allocator, struct wf_responder *responder);

void wf_responder_answer(struct wf_visit *visit, const struct wf_responder *responder);
bool wf_responder_has_files(const struct wf_responder *responder);

/* 301 to the same path with a slash behind it. */
void wf_responder_add_slash(struct wf_visit *visit);

#endif
