/* Static files: of a folder, or in memory. */
#ifndef WF_SERVER_STATIC_H
#define WF_SERVER_STATIC_H

#include "server/server.h"

struct wf_static;

/* Copies what files are served from. WEFT_ERR_ARGUMENT, WEFT_ERR_SYNTAX (a header), WEFT_ERR_SYSTEM
 * (the folder; errno), WEFT_ERR_MEMORY. */
WEFT_MUST_USE weft_status wf_static_create(const struct weft_allocator *allocator,
                                           const struct weft_files *files,
                                           struct wf_static **static_out);
/* NULL is allowed. */
void wf_static_destroy(const struct weft_allocator *allocator, struct wf_static *files);

/* Answers a visit whose entry ends with a wildcard. */
void wf_static_answer(struct wf_visit *visit, const struct wf_static *files);

#endif
