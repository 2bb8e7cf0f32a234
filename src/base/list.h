/* A doubly linked list whose links lie in the items. An unlinked item is zero-filled. */
#ifndef WF_BASE_LIST_H
#define WF_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct wf_link {
    struct wf_link *next;
    struct wf_link **place; /* The pointer that points here; NULL: in no list. */
};

#define WF_CONTAINER_OF(pointer, type, member)                                                     \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

static inline bool wf_link_is_linked(const struct wf_link *link)
{
    return link->place != NULL;
}

/* Puts a link at a place: the head of a list, or the `next` of another link. */
static inline void wf_link_insert(struct wf_link **place, struct wf_link *link)
{
    link->next = *place;
    link->place = place;
    if (link->next)
        link->next->place = &link->next;
    *place = link;
}

/* Takes a link out of its list; one that is in none stays so. */
static inline void wf_link_remove(struct wf_link *link)
{
    if (!link->place)
        return;
    *link->place = link->next;
    if (link->next)
        link->next->place = link->place;
    link->next = NULL;
    link->place = NULL;
}

#endif
