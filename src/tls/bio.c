/* Between OpenSSL and memory. */
#include "tls/session.h"

#include <openssl/bio.h>
#include <pthread.h>

static int on_read(BIO *bio, char *out, size_t out_bytes, size_t *count_out)
{
    struct wf_tls *tls = BIO_get_data(bio);
    struct weft_bytes *input = &tls->input;
    BIO_clear_retry_flags(bio);
    *count_out = 0;
    if (input->count == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    size_t count = input->count < out_bytes ? input->count : out_bytes;
    memcpy(out, input->data, count);
    input->data += count;
    input->count -= count;
    *count_out = count;
    return 1;
}

static int on_write(BIO *bio, const char *bytes, size_t count, size_t *count_out)
{
    struct wf_tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    size_t placed = 0;
    if (tls->unsent.count == 0 && tls->room.count) {
        placed = count < tls->room.count ? count : tls->room.count;
        memcpy(tls->room.data, bytes, placed);
        tls->room.data += placed;
        tls->room.count -= placed;
    }
    *count_out = 0;
    if (placed < count) {
        struct weft_bytes rest = { (const uint8_t *)bytes + placed, count - placed };
        tls->write_status = wf_unsent_add(tls, rest);
        if (tls->write_status)
            return 0;
    }
    *count_out = count;
    return 1;
}

static long on_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO_METHOD *method;

static void make_method(void)
{
    BIO_METHOD *made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weft");
    if (made && BIO_meth_set_read_ex(made, on_read) && BIO_meth_set_write_ex(made, on_write) &&
        BIO_meth_set_ctrl(made, on_control))
        method = made;
    else
        BIO_meth_free(made);
}

BIO *wf_bio_new(struct wf_tls *tls)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, make_method);
    BIO *bio = method ? BIO_new(method) : NULL;
    if (!bio)
        return NULL;
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    return bio;
}

static weft_status grow(struct wf_tls *tls, size_t needed)
{
    struct wf_unsent *unsent = &tls->unsent;
    if (needed > WF_UNSENT_BYTES_MAX)
        return WEFT_ERR_LIMIT;
    size_t capacity = unsent->capacity ? unsent->capacity : 256;
    while (capacity < needed)
        capacity *= 2;
    uint8_t *data = wf_resize(tls->pool->allocator, unsent->data, capacity);
    if (!data)
        return WEFT_ERR_MEMORY;
    unsent->data = data;
    unsent->capacity = capacity;
    return WEFT_OK;
}

weft_status wf_unsent_add(struct wf_tls *tls, struct weft_bytes bytes)
{
    struct wf_unsent *unsent = &tls->unsent;
    if (unsent->at) {
        memmove(unsent->data, unsent->data + unsent->at, unsent->count);
        unsent->at = 0;
    }
    if (bytes.count > unsent->capacity - unsent->count) {
        weft_status status = grow(tls, unsent->count + bytes.count);
        if (status)
            return status;
    }
    tls->has_tickets_alone = false;
    memcpy(unsent->data + unsent->count, bytes.data, bytes.count);
    unsent->count += bytes.count;
    return WEFT_OK;
}

size_t wf_unsent_take(struct wf_tls *tls, struct weft_buffer out)
{
    struct wf_unsent *unsent = &tls->unsent;
    size_t count = unsent->count < out.count ? unsent->count : out.count;
    if (count == 0)
        return 0;
    memcpy(out.data, unsent->data + unsent->at, count);
    unsent->at += count;
    unsent->count -= count;
    if (unsent->count == 0)
        wf_unsent_drop(tls);
    return count;
}

void wf_unsent_drop(struct wf_tls *tls)
{
    wf_free(tls->pool->allocator, tls->unsent.data);
    tls->unsent = (struct wf_unsent){ 0 };
}
