/* What compression costs a server in memory per connection, and both ends in time per echo of
 * 1 KiB of JSON: the loop of the server has an allocator that counts.
 *
 * usage: deflate_memory [CONNECTIONS] */
#include "weft/weft.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MESSAGES = 20, MESSAGE_BYTES = 1024 };

struct counted {
    struct weft_allocator allocator;
    size_t bytes;
};

/* In front of each block. */
union prefix {
    size_t bytes;
    long double align;
};

static void *counted_resize(void *memory, size_t bytes, void *user)
{
    struct counted *counted = user;
    union prefix *old = memory ? (union prefix *)memory - 1 : NULL;
    size_t before = old ? old->bytes : 0;
    union prefix *prefix = realloc(old, sizeof *prefix + bytes);
    if (!prefix)
        return NULL;
    counted->bytes += bytes - before;
    prefix->bytes = bytes;
    return prefix + 1;
}

static void *counted_allocate(size_t bytes, void *user)
{
    return counted_resize(NULL, bytes, user);
}

static void counted_release(void *memory, void *user)
{
    struct counted *counted = user;
    union prefix *prefix = memory ? (union prefix *)memory - 1 : NULL;
    counted->bytes -= prefix ? prefix->bytes : 0;
    free(prefix);
}

static void check(weft_status status)
{
    if (status) {
        fprintf(stderr, "deflate_memory: %s\n", weft_status_text(status));
        exit(1);
    }
}

/* ---- both ends, on a loop each, turned in one thread ---- */

struct world {
    struct counted counted; /* The server's side. */
    weft_loop *server_loop, *client_loop;
    weft_server *server;
    weft_socket **sockets;
    size_t connections;
    size_t open_count;
    size_t message_count;
};

static void echo(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    (void)user;
    check(weft_socket_send_text(socket, message->data, message->bytes));
}

static void count_open(weft_socket *socket, void *user)
{
    (void)socket;
    ((struct world *)user)->open_count++;
}

static void count_message(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    (void)socket;
    (void)message;
    ((struct world *)user)->message_count++;
}

static void turn_until(struct world *world, const size_t *count, size_t wanted)
{
    while (*count < wanted) {
        check(weft_loop_turn(world->server_loop, 0));
        check(weft_loop_turn(world->client_loop, 0));
    }
}

static void start(struct world *world, const struct weft_deflate_settings *deflate)
{
    char address[64], url[80];
    world->counted.allocator = (struct weft_allocator){ counted_allocate, counted_resize,
                                                        counted_release, &world->counted };
    const struct weft_loop_options options = { .allocator = &world->counted.allocator };
    const struct weft_route route = { .settings.deflate = *deflate,
                                      .events = { .on_message = echo } };
    check(weft_loop_create(&options, &world->server_loop));
    check(weft_loop_create(NULL, &world->client_loop));
    check(weft_server_create(world->server_loop, NULL, &world->server));
    check(weft_server_route(world->server, "/", &route));
    check(weft_server_listen(world->server, "127.0.0.1:0", address, sizeof address));
    snprintf(url, sizeof url, "ws://%s/", address);
    const struct weft_connect_options connect = {
        .events = { .on_open = count_open, .on_message = count_message },
        .user = world,
        .bad_ports_allowed = true,
        .settings.deflate.off = deflate->off,
    };
    for (size_t i = 0; i < world->connections; i++) {
        check(weft_socket_connect(world->client_loop, url, &connect, &world->sockets[i]));
        turn_until(world, &world->open_count, i + 1);
    }
}

/* A message like those of a chat, different each time. */
static size_t write_message(char *out, size_t number)
{
    size_t count = 0;
    while (count < MESSAGE_BYTES) {
        uint32_t random = (uint32_t)number * 2654435761u + (uint32_t)count * 40503u;
        count += (size_t)snprintf(
            out + count, 128, "{\"id\":%u,\"name\":\"thread%u\",\"text\":\"%x over, %x under\"} ",
            random, random % 50, random >> 7, random >> 11);
    }
    return MESSAGE_BYTES;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void exchange(struct world *world)
{
    char text[MESSAGE_BYTES + 128];
    for (size_t i = 0; i < MESSAGES; i++) {
        for (size_t k = 0; k < world->connections; k++)
            check(weft_socket_send_text(world->sockets[k], text,
                                        write_message(text, i * world->connections + k)));
        turn_until(world, &world->message_count, (i + 1) * world->connections);
    }
}

static void finish(struct world *world)
{
    for (size_t i = 0; i < world->connections; i++)
        weft_socket_release(world->sockets[i]);
    weft_server_destroy(world->server);
    weft_loop_destroy(world->client_loop);
    weft_loop_destroy(world->server_loop);
    free(world->sockets);
}

static void measure(const char *name, const struct weft_deflate_settings *deflate,
                    size_t connections)
{
    struct world world = { .connections = connections };
    world.sockets = calloc(connections, sizeof *world.sockets);
    if (!world.sockets)
        exit(1);
    start(&world, deflate);
    size_t idle = world.counted.bytes;
    double before = seconds();
    exchange(&world);
    double each_us = (seconds() - before) * 1e6 / (double)(connections * MESSAGES);
    printf("%-32s %10zu %10zu %12.1f\n", name, idle / connections,
           world.counted.bytes / connections, each_us);
    finish(&world);
}

int main(int argc, char **argv)
{
    size_t connections = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 200;
    if (connections == 0)
        return 2;
    static const struct {
        const char *name;
        struct weft_deflate_settings settings;
    } modes[] = {
        { "off", { .off = true } },
        { "default (no takeover)", { 0 } },
        { "default, level 6", { .level = 6 } },
        { "takeover",
          { .client_takeover = WEFT_TAKEOVER_ON,
            .server_takeover = WEFT_TAKEOVER_ON,
            .context_bytes_max = WEFT_NO_LIMIT } },
        { "takeover, 12 bits",
          { .client_takeover = WEFT_TAKEOVER_ON,
            .server_takeover = WEFT_TAKEOVER_ON,
            .client_window_bits = 12,
            .server_window_bits = 12,
            .context_bytes_max = WEFT_NO_LIMIT } },
        { "takeover, 9 bits",
          { .client_takeover = WEFT_TAKEOVER_ON,
            .server_takeover = WEFT_TAKEOVER_ON,
            .client_window_bits = 9,
            .server_window_bits = 9,
            .context_bytes_max = WEFT_NO_LIMIT } },
    };
    printf("%-32s %10s %10s %12s\n", "", "idle", "used", "us/echo");
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        measure(modes[i].name, &modes[i].settings, connections);
    return 0;
}
