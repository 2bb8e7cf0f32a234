/* Blobs as the other rooms use them, and the file that one is collected in. */
#ifndef WF_BASE_BLOB_H
#define WF_BASE_BLOB_H

#include "weft/blob.h"

#include <stdatomic.h>
#include <stdbool.h>

/* For blob.c and blob_file.c alone. */
struct weft_blob {
    _Atomic uint32_t references;
    int fd; /* -1: in memory. */
    uint64_t bytes;
    uint64_t offset;  /* In the file. */
    const void *data; /* In memory. */
    void *adopted;    /* What `release` gets, and how much of it. */
    size_t adopted_bytes;
    void (*release)(void *data, size_t bytes, void *user);
    void *user;
    weft_blob *whole; /* Of a slice: owns the bytes. */
};

/* One with a reference, in memory, without bytes; `more` bytes of malloc's lie behind it. NULL: no
 * memory. */
weft_blob *wf_blob_create(size_t more);

/* From the file; there are as many bytes in the blob. Errors as weft_blob_read(). */
WEFT_MUST_USE weft_status wf_blob_file_read(const weft_blob *blob, uint64_t offset, void *buffer,
                                            size_t bytes);

/* A file without a name, in TMPDIR or /tmp, that bytes are collected in until a blob is made of it.
 */
struct wf_spool {
    int fd;
    uint64_t bytes;
};

/* WEFT_ERR_SYSTEM (errno). On any error nothing is open. */
WEFT_MUST_USE weft_status wf_spool_open(struct wf_spool *spool);
/* Appends all of it: WEFT_ERR_SYSTEM (errno; ENOSPC, EDQUOT, EFBIG: no space). */
WEFT_MUST_USE weft_status wf_spool_write(struct wf_spool *spool, struct weft_bytes bytes);
/* The blob of all that was written takes the file over. WEFT_ERR_MEMORY: the spool is as it was. */
WEFT_MUST_USE weft_status wf_spool_finish(struct wf_spool *spool, weft_blob **blob_out);
void wf_spool_drop(struct wf_spool *spool);

#endif
