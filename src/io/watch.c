#include "io/state.h"

struct weft_watch {
    struct wf_source source;
    weft_loop *loop;
    struct wf_link link;
    void (*on_ready)(weft_watch *watch, int ready, void *user);
    void *user;
};

static void tell(struct wf_source *source, int ready)
{
    weft_watch *watch = WF_CONTAINER_OF(source, struct weft_watch, source);
    /* Trouble shows itself to whoever reads or writes, so it counts as being ready for that. */
    int told = ready & WF_BROKEN ? source->interest : ready & source->interest;
    if (told)
        watch->on_ready(watch, told, watch->user);
}

static bool is_interest(int interest)
{
    return (interest & ~(WEFT_READABLE | WEFT_WRITABLE)) == 0;
}

weft_status weft_watch_create(weft_loop *loop, int fd, int interest,
                              void (*on_ready)(weft_watch *watch, int ready, void *user),
                              void *user, weft_watch **watch_out)
{
    if (!loop || fd < 0 || !is_interest(interest) || !on_ready || !watch_out)
        return WEFT_ERR_ARGUMENT;
    weft_watch *watch = wf_alloc_zero(loop->allocator, sizeof *watch);
    if (!watch)
        return WEFT_ERR_MEMORY;
    watch->source = (struct wf_source){ .on_ready = tell, .fd = fd };
    watch->loop = loop;
    watch->on_ready = on_ready;
    watch->user = user;
    wf_link_insert(&loop->watches, &watch->link);
    weft_status status = weft_watch_set_interest(watch, interest);
    if (status) {
        weft_watch_destroy(watch);
        return status;
    }
    *watch_out = watch;
    return WEFT_OK;
}

weft_status weft_watch_set_interest(weft_watch *watch, int interest)
{
    if (!watch || !is_interest(interest))
        return WEFT_ERR_ARGUMENT;
    weft_loop *loop = watch->loop;
    bool was_waiting = watch->source.interest != 0;
    weft_status status = loop->backend->source_set(loop, &watch->source, interest);
    if (status)
        return status;
    loop->watching_count += interest != 0;
    loop->watching_count -= was_waiting;
    return WEFT_OK;
}

void weft_watch_destroy(weft_watch *watch)
{
    if (!watch)
        return;
    (void)!weft_watch_set_interest(watch, 0);
    wf_link_remove(&watch->link);
    wf_free(watch->loop->allocator, watch);
}

void wf_watch_destroy_all(weft_loop *loop)
{
    while (loop->watches)
        weft_watch_destroy(WF_CONTAINER_OF(loop->watches, struct weft_watch, link));
}
