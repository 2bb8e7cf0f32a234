#include "base/blob.h"

#include <stdlib.h>
#include <unistd.h>

weft_blob *wf_blob_create(size_t more)
{
    weft_blob *blob = more <= SIZE_MAX - sizeof *blob ? malloc(sizeof *blob + more) : NULL;
    if (blob)
        *blob = (weft_blob){ .references = 1, .fd = -1 };
    return blob;
}

weft_status weft_blob_create_copy(const void *data, size_t bytes, weft_blob **blob_out)
{
    if (!blob_out || (!data && bytes))
        return WEFT_ERR_ARGUMENT;
    weft_blob *blob = wf_blob_create(bytes);
    if (!blob)
        return WEFT_ERR_MEMORY;
    if (bytes)
        memcpy(blob + 1, data, bytes);
    blob->data = blob + 1;
    blob->bytes = bytes;
    *blob_out = blob;
    return WEFT_OK;
}

weft_status weft_blob_adopt(void *data, size_t bytes,
                            void (*release)(void *data, size_t bytes, void *user), void *user,
                            weft_blob **blob_out)
{
    if (!blob_out || (!data && bytes))
        return WEFT_ERR_ARGUMENT;
    weft_blob *blob = wf_blob_create(0);
    if (!blob)
        return WEFT_ERR_MEMORY;
    blob->data = blob->adopted = data;
    blob->bytes = blob->adopted_bytes = bytes;
    blob->release = release;
    blob->user = user;
    *blob_out = blob;
    return WEFT_OK;
}

/* slice(), steps 1 and 2: where a start or an end lies in a blob. */
static uint64_t clamp(int64_t position, uint64_t bytes)
{
    if (position < 0) {
        uint64_t from_end = (uint64_t)0 - (uint64_t)position;
        return from_end > bytes ? 0 : bytes - from_end;
    }
    return (uint64_t)position > bytes ? bytes : (uint64_t)position;
}

weft_status weft_blob_slice(weft_blob *blob, int64_t start, int64_t end, weft_blob **slice_out)
{
    if (!blob || !slice_out)
        return WEFT_ERR_ARGUMENT;
    weft_blob *slice = wf_blob_create(0);
    if (!slice)
        return WEFT_ERR_MEMORY;
    uint64_t from = clamp(start, blob->bytes);
    uint64_t to = clamp(end, blob->bytes);
    slice->bytes = to > from ? to - from : 0;
    slice->whole = weft_blob_retain(blob->whole ? blob->whole : blob);
    slice->fd = blob->fd;
    slice->offset = blob->offset + from;
    if (blob->data)
        slice->data = (const uint8_t *)blob->data + from;
    *slice_out = slice;
    return WEFT_OK;
}

uint64_t weft_blob_bytes(const weft_blob *blob)
{
    return blob ? blob->bytes : 0;
}

const void *weft_blob_data(const weft_blob *blob)
{
    return blob && blob->bytes ? blob->data : NULL;
}

weft_status weft_blob_read(const weft_blob *blob, uint64_t offset, void *buffer, size_t capacity,
                           size_t *count_out)
{
    if (!blob || !count_out || (!buffer && capacity))
        return WEFT_ERR_ARGUMENT;
    *count_out = 0;
    uint64_t left = offset < blob->bytes ? blob->bytes - offset : 0;
    size_t count = left < capacity ? (size_t)left : capacity;
    if (count == 0)
        return WEFT_OK;
    weft_status status = WEFT_OK;
    if (blob->fd >= 0)
        status = wf_blob_file_read(blob, offset, buffer, count);
    else
        memcpy(buffer, (const uint8_t *)blob->data + offset, count);
    if (!status)
        *count_out = count;
    return status;
}

weft_blob *weft_blob_retain(weft_blob *blob)
{
    if (blob)
        atomic_fetch_add_explicit(&blob->references, 1, memory_order_relaxed);
    return blob;
}

void weft_blob_release(weft_blob *blob)
{
    while (blob && atomic_fetch_sub_explicit(&blob->references, 1, memory_order_acq_rel) == 1) {
        weft_blob *whole = blob->whole;
        if (!whole && blob->fd >= 0)
            close(blob->fd);
        if (blob->release)
            blob->release(blob->adopted, blob->adopted_bytes, blob->user);
        free(blob);
        blob = whole;
    }
}
