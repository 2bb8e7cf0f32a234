/* Files in memory, found by their path. */
#ifndef WF_SERVER_EMBEDDED_H
#define WF_SERVER_EMBEDDED_H

#include "base/alloc.h"
#include "weft/server.h"

enum { WF_EMBEDDED_ETAG_BYTES = 2 + 32 };

struct wf_embedded {
    struct weft_text path;
    struct weft_bytes bytes;
    char etag[WF_EMBEDDED_ETAG_BYTES]; /* Of the content, with its quotes; no zero behind it. */
};

/* Sorted by path. Zero-filled it is empty. */
struct wf_embedded_table {
    size_t count;
    struct wf_embedded *items;
};

/* Copies the paths, not the contents. WEFT_ERR_ARGUMENT: a path is missing or stands twice;
 * WEFT_ERR_MEMORY. */
WEFT_MUST_USE weft_status wf_embedded_fill(struct wf_embedded_table *table,
                                           const struct weft_allocator *allocator,
                                           const struct weft_embedded_file *files, size_t count);
void wf_embedded_drop(struct wf_embedded_table *table, const struct weft_allocator *allocator);

/* NULL: none. `name` is put behind the path. */
const struct wf_embedded *wf_embedded_find(const struct wf_embedded_table *table,
                                           struct weft_text path, struct weft_text name);

/* Whether files lie below the path, as in a folder. */
bool wf_embedded_has_folder(const struct wf_embedded_table *table, struct weft_text path);

#endif
