#include "tls/remembered.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct wf_remembered_session {
    char *host;
    SSL_SESSION *session;
    uint16_t port;
};

static void forget(struct wf_remembered *remembered, uint32_t index)
{
    struct wf_remembered_session *gone = &remembered->sessions[index];
    free(gone->host);
    SSL_SESSION_free(gone->session);
    remembered->count--;
    memmove(gone, gone + 1, (remembered->count - index) * sizeof *gone);
}

static bool make_room(struct wf_remembered *remembered, uint32_t count_max)
{
    while (remembered->count && remembered->count >= count_max)
        forget(remembered, 0);
    if (remembered->count < remembered->capacity)
        return true;
    uint32_t capacity = remembered->capacity ? remembered->capacity * 2 : 4;
    struct wf_remembered_session *sessions =
        realloc(remembered->sessions, capacity * sizeof *sessions);
    if (!sessions)
        return false;
    remembered->sessions = sessions;
    remembered->capacity = capacity;
    return true;
}

bool wf_remembered_add(struct wf_remembered *remembered, uint32_t count_max, const char *host,
                       uint16_t port, SSL_SESSION *session)
{
    char *copy = strdup(host);
    if (!copy || !make_room(remembered, count_max)) {
        free(copy);
        return false;
    }
    remembered->sessions[remembered->count++] =
        (struct wf_remembered_session){ copy, session, port };
    return true;
}

SSL_SESSION *wf_remembered_take(struct wf_remembered *remembered, const char *host, uint16_t port)
{
    for (uint32_t i = remembered->count; i-- > 0;) {
        struct wf_remembered_session *candidate = &remembered->sessions[i];
        if (candidate->port != port || strcasecmp(candidate->host, host) != 0)
            continue;
        SSL_SESSION *session = candidate->session;
        candidate->session = NULL;
        forget(remembered, i);
        return session;
    }
    return NULL;
}

void wf_remembered_drop(struct wf_remembered *remembered)
{
    while (remembered->count)
        forget(remembered, remembered->count - 1);
    free(remembered->sessions);
    remembered->sessions = NULL;
    remembered->capacity = 0;
}
