#include "support/serving.h"

#include "support/secure.h"

#include <stdlib.h>
#include <string.h>

static void start(struct serving *serving, enum weft_backend backend,
                  const struct weft_server_options *options)
{
    struct weft_loop_options loop_options = { .backend = backend };
    if (!serving->loop)
        assert_int_equal(weft_loop_create(&loop_options, &serving->loop), WEFT_OK);
    assert_int_equal(weft_server_create(serving->loop, options, &serving->server), WEFT_OK);
    assert_int_equal(
        secure_listen(serving->server, "127.0.0.1:0", serving->address, sizeof serving->address),
        WEFT_OK);
}

void serving_restart(struct serving *serving, const struct weft_server_options *options)
{
    weft_server_destroy(serving->server);
    start(serving, WEFT_BACKEND_DEFAULT, options);
}

static int set_up(void **state, enum weft_backend backend)
{
    struct serving *serving = calloc(1, sizeof *serving);
    assert_non_null(serving);
    start(serving, backend, NULL);
    *state = serving;
    return 0;
}

int serving_set_up_epoll(void **state)
{
    return set_up(state, WEFT_BACKEND_EPOLL);
}

int serving_set_up_poll(void **state)
{
    return set_up(state, WEFT_BACKEND_POLL);
}

int serving_tear_down(void **state)
{
    struct serving *serving = *state;
    weft_server_destroy(serving->server);
    weft_loop_destroy(serving->loop);
    free(serving);
    return 0;
}

void serving_ask(struct serving *serving, struct raw_client *client, struct raw_answer *answer,
                 const char *request)
{
    raw_open(client, serving->loop, serving->address);
    raw_send(client, request);
    raw_take(client, answer, strncmp(request, "HEAD ", 5) == 0);
}

struct weft_server_counts serving_counts(const struct serving *serving)
{
    struct weft_server_counts counts;
    weft_server_get_counts(serving->server, &counts);
    return counts;
}
