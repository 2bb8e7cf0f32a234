#include "client/tunnel.h"

#include "io/loop.h"

#include <stdio.h>

static const char *name_of(const struct wf_proxy *proxy)
{
    return proxy->kind == WF_PROXY_HTTP ? "HTTP" : "SOCKS5";
}

/* What the proxy said, and to whom. */
static void fail(const struct wf_tunnel *tunnel, weft_socket *socket,
                 const struct wf_proxy_refusal *refusal)
{
    const struct wf_proxy *proxy = tunnel->proxy;
    const char *verb = refusal->status == WEFT_ERR_REFUSED       ? "refuses:"
                       : refusal->status == WEFT_ERR_SYSTEM      ? "has no connection:"
                       : refusal->status == WEFT_ERR_CLOSED      ? "has ended the connection"
                       : refusal->status == WEFT_ERR_UNSUPPORTED ? "cannot be asked for"
                                                                 : "gave";
    char text[128];
    int host_bytes = (int)(proxy->host.count < 30 ? proxy->host.count : 30);
    snprintf(text, sizeof text, "the %s proxy %.*s:%u %s %.45s", name_of(proxy), host_bytes,
             proxy->host.data, (unsigned)proxy->port, verb, refusal->text);
    struct weft_failure failure = { .kind = WEFT_FAILURE_PROXY,
                                    .status = refusal->status,
                                    .text = text,
                                    .system_error = refusal->system_error,
                                    .http.status = refusal->http_status };
    if (refusal->status == WEFT_ERR_LIMIT) {
        failure.limit_name = "the proxy's answer";
        failure.limit = WF_PROXY_HTTP_ANSWER_BYTES_MAX;
    }
    wf_socket_abort(socket, &failure, false);
}

static const struct weft_failure no_memory = { .kind = WEFT_FAILURE_MEMORY,
                                               .status = WEFT_ERR_MEMORY,
                                               .text = "no memory to speak to the proxy" };

static const struct weft_failure too_long = { .kind = WEFT_FAILURE_PROXY,
                                              .status = WEFT_ERR_LIMIT,
                                              .text = "what the proxy is to be told is too long",
                                              .limit_name = "the proxy's request",
                                              .limit = WF_PREFACE_BYTES_MAX };

/* False: the socket is aborted. */
static bool say(weft_socket *socket, struct weft_bytes bytes)
{
    weft_status status = wf_socket_preface_send(socket, bytes);
    const struct weft_failure *failure = status == WEFT_ERR_LIMIT ? &too_long : &no_memory;
    if (status)
        wf_socket_abort(socket, failure, false); /* An abort of its own was the first. */
    return !status;
}

static enum wf_preface_result answer(const struct wf_tunnel *tunnel, weft_socket *socket,
                                     enum wf_proxy_step result,
                                     const struct wf_proxy_refusal *refusal)
{
    if (result == WF_PROXY_STEP_FAILED)
        fail(tunnel, socket, refusal);
    return result == WF_PROXY_STEP_MORE   ? WF_PREFACE_MORE
           : result == WF_PROXY_STEP_DONE ? WF_PREFACE_DONE
                                          : WF_PREFACE_FAILED;
}

static enum wf_preface_result on_http(struct wf_preface *preface, weft_socket *socket,
                                      struct weft_bytes bytes, size_t *used_out)
{
    struct wf_tunnel *tunnel = WF_CONTAINER_OF(preface, struct wf_tunnel, preface);
    struct wf_proxy_refusal refusal;
    enum wf_proxy_step result = wf_proxy_http_read(&tunnel->http, bytes, used_out, &refusal);
    return answer(tunnel, socket, result, &refusal);
}

static enum wf_preface_result on_socks5(struct wf_preface *preface, weft_socket *socket,
                                        struct weft_bytes bytes, size_t *used_out)
{
    struct wf_tunnel *tunnel = WF_CONTAINER_OF(preface, struct wf_tunnel, preface);
    struct wf_proxy_refusal refusal;
    enum wf_proxy_step result;
    size_t used;
    do {
        uint8_t out[WF_SOCKS5_BYTES_MAX];
        size_t out_count;
        struct weft_bytes rest = { bytes.data + *used_out, bytes.count - *used_out };
        result = wf_socks5_read(&tunnel->socks, rest, &used, out, &out_count, &refusal);
        *used_out += used;
        if (out_count && !say(socket, (struct weft_bytes){ out, out_count }))
            return WF_PREFACE_FAILED;
    } while (result == WF_PROXY_STEP_MORE && used);
    return answer(tunnel, socket, result, &refusal);
}

static void on_end(struct wf_preface *preface, weft_socket *socket)
{
    static const struct wf_proxy_refusal ended = { .status = WEFT_ERR_CLOSED };
    fail(WF_CONTAINER_OF(preface, struct wf_tunnel, preface), socket, &ended);
}

void wf_tunnel_init(struct wf_tunnel *tunnel)
{
    bool is_http = tunnel->proxy->kind == WF_PROXY_HTTP;
    tunnel->preface =
        (struct wf_preface){ .on_received = is_http ? on_http : on_socks5, .on_end = on_end };
    tunnel->socks = (struct wf_socks5){ .username = tunnel->proxy->username,
                                        .password = tunnel->proxy->password,
                                        .host = tunnel->host,
                                        .address = tunnel->address,
                                        .port = tunnel->port };
    /* A number is no name, whoever looks names up. */
    struct wf_address *address = &tunnel->socks.address;
    if (!address->bytes && wf_address_of_ip(address, tunnel->host, tunnel->port))
        *address = (struct wf_address){ 0 };
}

static void connect_http(const struct wf_tunnel *tunnel, weft_socket *socket)
{
    const struct weft_allocator *allocator = wf_loop_allocator(weft_socket_loop(socket));
    struct weft_text authorization = tunnel->proxy->authorization;
    size_t count = 0;
    if (!authorization.count)
        authorization = tunnel->authorization;
    char *request =
        wf_proxy_http_write(allocator, tunnel->host, tunnel->port, authorization, &count);
    if (request)
        (void)say(socket, (struct weft_bytes){ (const uint8_t *)request, count });
    else
        wf_socket_abort(socket, &no_memory, false);
    wf_free(allocator, request);
}

void wf_tunnel_begin(struct wf_tunnel *tunnel, weft_socket *socket)
{
    uint8_t out[WF_SOCKS5_BYTES_MAX];
    if (weft_socket_ready_state(socket) != WEFT_CONNECTING)
        return; /* The preface found no memory. */
    if (tunnel->proxy->kind == WF_PROXY_HTTP)
        connect_http(tunnel, socket);
    else
        (void)say(socket, (struct weft_bytes){ out, wf_socks5_begin(&tunnel->socks, out) });
}
