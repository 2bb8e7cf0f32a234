/* A file as it is sent: whole or a part, or not at all since its reader has it. */
#ifndef WF_SERVER_REPRESENTATION_H
#define WF_SERVER_REPRESENTATION_H

#include "server/condition.h"
#include "server/server.h"

enum { WF_REPRESENTATION_HEADERS_MAX = 64, WF_REPRESENTATION_ETAG_MAX = 64 };

/* Of a file (fd), or of bytes in memory that live as long as the server (data). */
struct wf_representation {
    int fd; /* -1: none. Taken over when the body is sent block by block; else the caller's. */
    const uint8_t *data;
    uint64_t bytes;
    struct wf_validators validators;
    const char *content_type;
    const char *cache_control;
    struct weft_headers headers; /* The user's, at most WF_REPRESENTATION_HEADERS_MAX. */
    char etag[WF_REPRESENTATION_ETAG_MAX];
    char modified[WF_HTTP_DATE_BYTES];
};

/* Answers with the file, or the part of it that is asked for. */
void wf_representation_send(struct wf_visit *visit, struct wf_representation *file, int64_t now);

#endif
