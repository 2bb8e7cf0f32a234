/* Paths to what answers them. Pure: no connection, no loop. */
#ifndef WF_SERVER_ROUTE_H
#define WF_SERVER_ROUTE_H

#include "base/alloc.h"
#include "weft/status.h"

#include <stdbool.h>

enum {
    WF_ROUTE_PATH_BYTES_MAX = 8192, /* RFC 9110 4.1: at least 8000 should be supported. */
    WF_ROUTE_SEGMENTS_MAX = 64,
    WF_ROUTE_PARAMS_MAX = 16,
    WF_ROUTE_PATTERN_BYTES_MAX = 1024,
};

/* A path taken apart at its slashes, then decoded: an encoded slash is part of its segment. */
struct wf_route_path {
    struct weft_text text; /* Decoded, with the slashes: the segments lie in it. */
    size_t count;          /* At least one; of "/a/" the last one is empty. */
    struct weft_text segments[WF_ROUTE_SEGMENTS_MAX];
};

/* Takes "/a/b%20c" apart. `out` has room for raw.count bytes, and must live as long as the path.
 * WEFT_ERR_SYNTAX: no leading slash, a broken percent-encoding, a NUL, or not UTF-8.
 * WEFT_ERR_LIMIT: too many bytes or segments. */
WEFT_MUST_USE weft_status wf_route_path_parse(struct wf_route_path *path_out, struct weft_text raw,
                                              char *out);

/* What a pattern leads to. The table owns none of it. */
struct wf_route_target {
    struct wf_upgrade *upgrade;     /* WebSockets. */
    struct wf_responder *responder; /* GET and HEAD. */
};

struct wf_route_param {
    struct weft_text name;
    size_t segment;
};

struct wf_route_entry {
    struct wf_route_entry *next; /* Of all entries of the table. */
    struct wf_route_target target;
    bool is_wildcard;
    size_t segment_count; /* A wildcard's rest begins with this segment. */
    size_t param_count;
    struct wf_route_param params[WF_ROUTE_PARAMS_MAX];
    char pattern[]; /* The names lie in it. */
};

/* Zero-filled but for the allocator it is empty. A tree of segments: the time of a search depends
 * on the path's segments, not on the number of routes. */
struct wf_route_table {
    const struct weft_allocator *allocator;
    struct wf_route_node *root;
    struct wf_route_entry *entries;
};

/* Finds or makes the entry of a pattern. WEFT_ERR_SYNTAX; WEFT_ERR_EXISTS: a pattern with the same
 * shape and other names; WEFT_ERR_MEMORY. */
WEFT_MUST_USE weft_status wf_route_add(struct wf_route_table *table, struct weft_text pattern,
                                       struct wf_route_entry **entry_out);

/* The entry that fits best: in each segment, from the left, a literal before a parameter before a
 * wildcard. NULL: none. */
const struct wf_route_entry *wf_route_find(const struct wf_route_table *table,
                                           const struct wf_route_path *path);

/* What the wildcard of an entry matched: "b/c" of "/a/b/c" for "/a/" and "*". */
struct weft_text wf_route_rest(const struct wf_route_entry *entry,
                               const struct wf_route_path *path);

void wf_route_drop(struct wf_route_table *table);

#endif
