/* Blob: bytes that do not change, in memory or in a file, shared by reference. W3C File API,
 * section 3. */
#ifndef WEFT_BLOB_H
#define WEFT_BLOB_H

#include "weft/bytes.h"
#include "weft/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A sequence of bytes, counted by references. Every function of it may be called on any thread.
 * Opaque. */
typedef struct weft_blob weft_blob;

/** For a `count` of a file: to its end, as it is now. */
#define WEFT_BLOB_TO_END UINT64_MAX

/**
 * Makes a blob of a copy. The memory of every blob is malloc's, since any thread may give it back.
 *
 * data      may be NULL when bytes is 0.
 * blob_out  with a reference that the caller gives back with weft_blob_release().
 *
 * Errors: WEFT_ERR_ARGUMENT, WEFT_ERR_MEMORY. Any thread.
 */
WEFT_API WEFT_MUST_USE weft_status weft_blob_create_copy(const void *data, size_t bytes,
                                                         weft_blob **blob_out);

/**
 * Makes a blob of the caller's memory, which must not change from now on.
 *
 * release  called once, with the last reference, on the thread that gives it back; NULL: the memory
 *          outlives the blob. On an error it is not called: the memory is still the caller's.
 *
 * Errors: WEFT_ERR_ARGUMENT, WEFT_ERR_MEMORY. Any thread.
 */
WEFT_API WEFT_MUST_USE weft_status weft_blob_adopt(void *data, size_t bytes,
                                                   void (*release)(void *data, size_t bytes,
                                                                   void *user),
                                                   void *user, weft_blob **blob_out);

/**
 * Makes a blob of a part of a file, which is opened and not read. What is written to the file later
 * may show in the blob; where the file has become shorter, weft_blob_read() answers
 * WEFT_ERR_NOT_READABLE.
 *
 * count  or WEFT_BLOB_TO_END.
 *
 * Errors: WEFT_ERR_SYSTEM (errno), WEFT_ERR_ARGUMENT (no regular file, or the part is not within
 * it), WEFT_ERR_MEMORY. Any thread.
 */
WEFT_API WEFT_MUST_USE weft_status weft_blob_from_file(const char *path, uint64_t offset,
                                                       uint64_t count, weft_blob **blob_out);

/**
 * As weft_blob_from_file(), of an open descriptor. It is duplicated: the caller's own stays the
 * caller's, and its position is neither used nor moved. It must be readable.
 */
WEFT_API WEFT_MUST_USE weft_status weft_blob_from_fd(int fd, uint64_t offset, uint64_t count,
                                                     weft_blob **blob_out);

/**
 * slice(): a blob of a part of another, without a copy. It keeps what it needs of the other.
 *
 * start, end  as in the standard: negative ones count from the end, all are clamped to the blob,
 * and an end before the start gives an empty blob. INT64_MAX as end: to the end.
 *
 * Errors: WEFT_ERR_ARGUMENT, WEFT_ERR_MEMORY. Any thread. File API 3.3.1.
 */
WEFT_API WEFT_MUST_USE weft_status weft_blob_slice(weft_blob *blob, int64_t start, int64_t end,
                                                   weft_blob **slice_out);

/** size: how many bytes it has. 0 for NULL. Any thread. */
WEFT_API uint64_t weft_blob_bytes(const weft_blob *blob);

/** The bytes in one piece, valid as long as the blob; NULL when they lie in a file, or there are
 * none. */
WEFT_API const void *weft_blob_data(const weft_blob *blob);

/**
 * Copies bytes out of a blob, from a file by a read that may wait for the disk.
 *
 * offset     from the blob's begin; at or behind its end 0 bytes are given.
 * count_out  `capacity`, or less at the blob's end only.
 *
 * Errors: WEFT_ERR_ARGUMENT, WEFT_ERR_SYSTEM (errno), WEFT_ERR_NOT_READABLE: the file has become
 * shorter. Any thread, several at a time.
 */
WEFT_API WEFT_MUST_USE weft_status weft_blob_read(const weft_blob *blob, uint64_t offset,
                                                  void *buffer, size_t capacity, size_t *count_out);

/** Takes a reference, and returns the blob. NULL is allowed. Any thread. */
WEFT_API weft_blob *weft_blob_retain(weft_blob *blob);

/** Gives back a reference; with the last one the blob is gone. NULL is allowed. Any thread. */
WEFT_API void weft_blob_release(weft_blob *blob);

#ifdef __cplusplus
}
#endif
#endif
