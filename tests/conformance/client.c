#include "conformance/client.h"

#include "codec/base64.h"
#include "codec/sha1.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- processes ---- */

static void start(struct clients *clients, size_t number)
{
    struct client *client = &clients->items[number];
    char url[96];
    /* Who waits while another case fails must not fail too. */
    const char *arguments[CLIENT_ARGUMENTS_MAX + 7] = { "connect",   "--echo", "--no-deflate",
                                                        "--timeout", "600",    url };
    /* The path says on which connection which of them is. */
    snprintf(url, sizeof url, "ws://%s/%zu", clients->address, number);
    for (size_t i = 0; clients->arguments[i]; i++)
        arguments[6 + i] = clients->arguments[i];
    *client = (struct client){ .is_started = true };
    process_start(&client->process, arguments);
    process_write(&client->process, NULL, 0, true);
}

static void check_end(struct client *client)
{
    struct process *process = &client->process;
    int status = process_end(process);
    const char *said = process->err.data ? process->err.data : "";
    if (status != (client->must_fail ? 1 : 0))
        fail_msg("%s: the client ended with %d: %s", client->name, status, said);
    if (process->out.count)
        fail_msg("%s: the client wrote: %s", client->name, process->out.data);
    size_t lines = process_count_lines(&process->err);
    bool is_failure = strncmp(said, "weft: the connection to ws://", 29) == 0;
    if (lines > 1 || is_failure != (client->must_fail && !client->is_silent))
        fail_msg("%s: the client said: %s", client->name, said);
    process_free(process);
    *client = (struct client){ 0 };
}

/* Its case has failed half-way. */
static void give_up(struct client *client)
{
    process_free(&client->process);
    *client = (struct client){ 0 };
}

/* Those whose case is over and that have ended are started again; one at least is on its way. */
static void restart(struct clients *clients)
{
    size_t waiting = 0;
    struct client *parted = NULL;
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        struct client *client = &clients->items[i];
        if (client->is_parted)
            process_pump(&client->process, 0);
        if (client->is_parted && client->process.exit_status >= 0)
            check_end(client);
        if (client->is_met && !client->is_parted)
            give_up(client);
        if (!client->is_started)
            start(clients, i);
        waiting += !client->is_met;
        if (client->is_parted)
            parted = client;
    }
    if (!waiting && parted) {
        check_end(parted);
        restart(clients);
    }
}

void clients_start(struct clients *clients, const char *const *arguments)
{
    *clients = (struct clients){ 0 };
    for (size_t i = 0; arguments && arguments[i]; i++)
        clients->arguments[i] = arguments[i];
    clients->listener = peer_listen(clients->address, sizeof clients->address);
}

void clients_end(struct clients *clients)
{
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        struct client *client = &clients->items[i];
        if (client->is_parted)
            check_end(client);
        else if (client->is_started)
            process_free(&client->process);
    }
    close(clients->listener);
}

/* ---- the handshake ---- */

void client_accept_of(const char *request, char out[29])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    static const char name[] = "\r\nSec-WebSocket-Key: ";
    char text[24 + sizeof guid];
    uint8_t digest[WF_SHA1_BYTES];
    const char *key = strstr(request, name);
    assert_non_null(key);
    memcpy(text, key + sizeof name - 1, 24);
    memcpy(text + 24, guid, sizeof guid);
    wf_sha1(text, 24 + sizeof guid - 1, digest);
    wf_base64_encode((struct weft_bytes){ digest, sizeof digest }, out);
    out[28] = '\0';
}

/* One that ends before its connection was accepted has something to say. */
static void accept_one(struct clients *clients, struct peer *peer)
{
    for (int turns = 0; !peer_accept(peer, clients->listener, 10); turns++) {
        for (size_t i = 0; i < CLIENTS_MAX; i++) {
            struct process *process = &clients->items[i].process;
            process_pump(process, 0);
            if (turns == 2000 || (!clients->items[i].is_met && process->exit_status >= 0))
                process_fail(process, "a connection");
        }
    }
}

struct client *clients_meet(struct clients *clients, struct peer *peer, const char *name)
{
    char head[1024], answer[256], accept[29];
    size_t number;
    restart(clients);
    accept_one(clients, peer);
    peer_take_head(peer, head, sizeof head);
    assert_int_equal(sscanf(head, "GET /%zu HTTP/1.1\r\n", &number), 1);
    assert_true(number < CLIENTS_MAX && clients->items[number].is_started);
    client_accept_of(head, accept);
    snprintf(answer, sizeof answer,
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: %s\r\n\r\n",
             accept);
    peer_send_text(peer, answer);
    struct client *client = &clients->items[number];
    client->is_met = true;
    snprintf(client->name, sizeof client->name, "%s", name);
    return client;
}

void clients_part(struct client *client, bool must_fail)
{
    client->is_parted = true;
    client->must_fail = must_fail;
}
