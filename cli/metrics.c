#include "metrics.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

struct figure {
    const char *name;
    const char *type;
    const char *help;
    size_t offset; /* Of the uint64_t in its struct. */
};

static uint64_t figure_of(const void *counts, const struct figure *figure)
{
    return *(const uint64_t *)(const void *)((const char *)counts + figure->offset);
}

static void print_head(FILE *out, const struct figure *figure)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", figure->name, figure->help, figure->name,
            figure->type);
}

static void print_server(FILE *out, const weft_server *server)
{
#define COUNT(field) offsetof(struct weft_server_counts, field)
    static const struct figure figures[] = {
        { "weft_connections", "gauge", "Connections, HTTP and WebSocket.", COUNT(connections) },
        { "weft_websockets", "gauge", "Open WebSockets.", COUNT(websockets) },
        { "weft_connections_accepted_total", "counter", "Connections accepted.",
          COUNT(accepted_total) },
        { "weft_connections_rejected_total", "counter", "Connections over the limit.",
          COUNT(rejected_total) },
        { "weft_proxy_headers_refused_total", "counter",
          "Connections of proxies with a wrong PROXY header, or without one.",
          COUNT(proxy_headers_refused_total) },
        { "weft_requests_total", "counter", "HTTP requests.", COUNT(requests_total) },
        { "weft_upgrades_total", "counter", "WebSockets opened.", COUNT(upgrades_total) },
        { "weft_upgrades_refused_total", "counter", "WebSocket handshakes refused.",
          COUNT(upgrades_refused_total) },
    };
#undef COUNT
    struct weft_server_counts counts;
    weft_server_get_counts(server, &counts);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        print_head(out, &figures[i]);
        fprintf(out, "%s %" PRIu64 "\n", figures[i].name, figure_of(&counts, &figures[i]));
    }
}

static void print_endpoints(FILE *out, const struct metrics *metrics)
{
#define COUNT(field) offsetof(struct endpoint, field)
    static const struct figure figures[] = {
        { "weft_messages_received_total", "counter", "Messages received.",
          COUNT(received_messages) },
        { "weft_message_bytes_received_total", "counter", "Payload received.",
          COUNT(received_bytes) },
        { "weft_messages_sent_total", "counter", "Messages sent.", COUNT(sent_messages) },
        { "weft_message_bytes_sent_total", "counter", "Payload sent.", COUNT(sent_bytes) },
    };
#undef COUNT
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        print_head(out, &figures[i]);
        for (size_t j = 0; j < metrics->endpoint_count; j++)
            fprintf(out, "%s{path=\"%s\"} %" PRIu64 "\n", figures[i].name,
                    metrics->endpoints[j].path, figure_of(&metrics->endpoints[j], &figures[i]));
    }
}

static void on_metrics(weft_request *request, void *user)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (!out) {
        endpoint_answer(request, 500, "no memory\n");
        return;
    }
    print_server(out, weft_request_server(request));
    print_endpoints(out, user);
    fclose(out);
    struct weft_response response = {
        .content_type = "text/plain; version=0.0.4; charset=utf-8",
        .body = text,
        .body_bytes = bytes,
    };
    (void)!weft_request_respond(request, &response);
    free(text);
}

static void on_healthz(weft_request *request, void *user)
{
    (void)user;
    endpoint_answer(request, 200, "ok\n");
}

weft_status metrics_serve(const struct metrics *metrics, weft_server *server)
{
    weft_status status = weft_server_handle(server, "/healthz", on_healthz, NULL);
    return status ? status : weft_server_handle(server, "/metrics", on_metrics, (void *)metrics);
}
