/* A thread publishes prices; who is slow gets the latest of each: ./ticker [HOST:PORT] */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>
#include <weft/weft.h>

static atomic_bool is_over;

/* Not the loop's thread: weft_publish() and its kin are legal from any. */
static void *publish_prices(void *hub)
{
    for (uint64_t i = 0; !is_over; i++) {
        char price[64];
        int bytes = snprintf(price, sizeof price, "share %d: %d", (int)(i % 3), (int)(i % 1000));
        if (weft_publish_keyed(hub, "prices", WEFT_TEXT, price, (size_t)bytes, i % 3, NULL))
            fprintf(stderr, "a price is lost\n");
        usleep(1000);
    }
    return NULL;
}

static void on_open(weft_socket *socket, void *hub)
{
    if (weft_subscribe(hub, socket, "prices") && weft_socket_close(socket, 1011, "no memory"))
        fprintf(stderr, "a client hears nothing\n");
}

int main(int argc, char **argv)
{
    weft_loop *loop = NULL;
    weft_hub *hub = NULL;
    weft_server *server = NULL;
    pthread_t thread;
    struct weft_route prices = { .events.on_open = on_open,
                                 .settings = { .send_policy = WEFT_SEND_LATEST,
                                               .send_bytes_max = 64 * 1024 } };
    weft_status status;
    if (!(status = weft_loop_create(NULL, &loop)) && !(status = weft_hub_create(loop, NULL, &hub)))
        status = weft_server_create(loop, NULL, &server);

    prices.user = hub;
    if (status || (status = weft_server_route(server, "/prices", &prices)) ||
        (status = weft_server_listen(server, argc > 1 ? argv[1] : "127.0.0.1:9000", NULL, 0))) {
        fprintf(stderr, "%s: %s\n", argv[0], weft_status_text(status));
    } else if (pthread_create(&thread, NULL, publish_prices, hub) == 0) {
        status = weft_loop_run(loop);
        is_over = true;
        pthread_join(thread, NULL);
    }
    weft_server_destroy(server);
    weft_hub_destroy(hub);
    weft_loop_destroy(loop);
    return status != WEFT_OK;
}
