#include "heartbeat.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PERIOD_MS = 2000 };

/* One connection. */
struct heart {
    struct endpoint *endpoint;
    weft_socket *socket;
    weft_timer *timer;
    uint64_t pings, pongs;
    uint64_t pinged_at_us;
};

/* A loopback's round trip is far below the millisecond of the loop's clock. */
static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* The payload is the ping's number: a pong to a keepalive ping, or a late one, is not counted. */
static void beat(struct heart *heart)
{
    uint64_t number = heart->pings + 1;
    if (weft_socket_ping(heart->socket, &number, sizeof number) != WEFT_OK)
        return;
    heart->pings = number;
    heart->pinged_at_us = now_us();
}

static void on_timer(weft_timer *timer, void *user)
{
    (void)timer;
    beat(user);
}

static void on_open(weft_socket *socket, void *user)
{
    struct heart *heart = user;
    heart->socket = socket;
    endpoint_opened(heart->endpoint, socket);
    if (weft_timer_create(weft_socket_loop(socket), on_timer, heart, &heart->timer) != WEFT_OK) {
        (void)!weft_socket_close(socket, 1011, "no memory");
        return;
    }
    weft_timer_start(heart->timer, PERIOD_MS, PERIOD_MS);
    beat(heart);
}

static void on_pong(weft_socket *socket, struct weft_bytes payload, void *user)
{
    struct heart *heart = user;
    if (payload.count != sizeof heart->pings ||
        memcmp(payload.data, &heart->pings, sizeof heart->pings) != 0)
        return;
    heart->pongs++;
    char text[128];
    int bytes = snprintf(text, sizeof text,
                         "{\"type\":\"heartbeat\",\"pings\":%llu,\"pongs\":%llu,\"rtt_ms\":%.3f}",
                         (unsigned long long)heart->pings, (unsigned long long)heart->pongs,
                         (double)(now_us() - heart->pinged_at_us) / 1000);
    if (weft_socket_send_text(socket, text, (size_t)bytes) == WEFT_OK)
        endpoint_sent(heart->endpoint, 1, (size_t)bytes);
}

static void on_message(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    (void)socket;
    struct heart *heart = user;
    endpoint_received(heart->endpoint, message->bytes);
}

static void on_close(weft_socket *socket, const struct weft_close_event *close, void *user)
{
    (void)socket;
    struct heart *heart = user;
    endpoint_closed(heart->endpoint, close);
    weft_timer_destroy(heart->timer);
    free(heart);
}

static void on_upgrade(weft_request *request, void *user)
{
    struct heart *heart = calloc(1, sizeof *heart);
    struct weft_acceptance acceptance = { .user = heart };
    weft_status status = heart ? weft_request_accept(request, &acceptance) : WEFT_ERR_MEMORY;
    if (status == WEFT_OK) {
        heart->endpoint = user;
        return;
    }
    free(heart);
    if (status != WEFT_ERR_CLOSED)
        endpoint_answer(request, 500, "the request could not be accepted\n");
}

void heartbeat_fill_route(struct endpoint *endpoint, struct weft_route *route)
{
    route->on_upgrade = on_upgrade;
    route->events.on_open = on_open;
    route->events.on_message = on_message;
    route->events.on_pong = on_pong;
    route->events.on_close = on_close;
    route->user = endpoint;
}
