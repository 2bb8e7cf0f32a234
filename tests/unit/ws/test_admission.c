#include "ws/admission.h"

#include "support/engine_probe.h"
#include "support/guard_page.h"

#include <stdio.h>

#define HOST    "Host: example.com\r\n"
#define UPGRADE "Upgrade: websocket\r\n"
#define CONNECT "Connection: Upgrade\r\n"
#define KEY     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define ALL     HOST UPGRADE CONNECT KEY VERSION

/* What the view says, as text: "upgrade keep 0 a,b," or "plain close 0 ". Or the answer of the
 * engine. */
struct request_case {
    const char *name;
    const char *request;
    const char *view;
};

static const struct request_case cases[] = {
    /* RFC 6455 4.2.1 */
    { "as it should be", "GET / HTTP/1.1\r\n" ALL "\r\n", "upgrade keep 0 " },
    { "HTTP/1.2", "GET / HTTP/1.2\r\n" ALL "\r\n", "upgrade keep 0 " },
    { "any case",
      "GET / HTTP/1.1\r\nhost: a\r\nupgrade: WebSocket\r\nCONNECTION: keep-alive, UPGRADE\r\n"
      "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nSEC-WEBSOCKET-VERSION: 13\r\n\r\n",
      "upgrade keep 0 " },
    { "upgrade is a list",
      "GET / HTTP/1.1\r\n" HOST "Upgrade: h2c, websocket\r\n" CONNECT KEY VERSION "\r\n",
      "upgrade keep 0 " },
    { "connection in two fields",
      "GET / HTTP/1.1\r\n" HOST UPGRADE
      "Connection: keep-alive\r\nConnection: upgrade\r\n" KEY VERSION "\r\n",
      "upgrade keep 0 " },
    { "protocols",
      "GET / HTTP/1.1\r\n" ALL "Sec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Protocol: c\r\n\r\n",
      "upgrade keep 0 a,b,c," },
    { "extensions",
      "GET / HTTP/1.1\r\n" ALL
      "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n",
      "upgrade keep 0 " },
    { "an IPv6 host with a port",
      "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n" UPGRADE CONNECT KEY VERSION "\r\n",
      "upgrade keep 0 " },
    { "POST", "POST / HTTP/1.1\r\n" ALL "\r\n", "upgrade keep 405 " },
    { "get", "get / HTTP/1.1\r\n" ALL "\r\n", "upgrade keep 405 " },
    { "HTTP/1.0", "GET / HTTP/1.0\r\n" ALL "\r\n", "upgrade close 400 " },
    { "no connection", "GET / HTTP/1.1\r\n" HOST UPGRADE KEY VERSION "\r\n", "upgrade keep 400 " },
    { "connection without upgrade",
      "GET / HTTP/1.1\r\n" HOST UPGRADE "Connection: keep-alive\r\n" KEY VERSION "\r\n",
      "upgrade keep 400 " },
    { "connection with a longer token",
      "GET / HTTP/1.1\r\n" HOST UPGRADE "Connection: upgraded\r\n" KEY VERSION "\r\n",
      "upgrade keep 400 " },
    { "no key", "GET / HTTP/1.1\r\n" HOST UPGRADE CONNECT VERSION "\r\n", "upgrade keep 400 " },
    { "an empty key",
      "GET / HTTP/1.1\r\n" HOST UPGRADE CONNECT VERSION "Sec-WebSocket-Key:\r\n\r\n",
      "upgrade keep 400 " },
    { "a key of 15 bytes",
      "GET / HTTP/1.1\r\n" HOST UPGRADE CONNECT VERSION
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n\r\n",
      "upgrade keep 400 " },
    { "a key of 17 bytes",
      "GET / HTTP/1.1\r\n" HOST UPGRADE CONNECT VERSION
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSE=\r\n\r\n",
      "upgrade keep 400 " },
    { "a key that is not base 64",
      "GET / HTTP/1.1\r\n" HOST UPGRADE CONNECT VERSION
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j!Q==\r\n\r\n",
      "upgrade keep 400 " },
    { "two keys", "GET / HTTP/1.1\r\n" ALL KEY "\r\n", "upgrade keep 400 " },
    { "no version", "GET / HTTP/1.1\r\n" HOST UPGRADE CONNECT KEY "\r\n", "upgrade keep 426 " },
    { "version 8", "GET / HTTP/1.1\r\n" HOST UPGRADE CONNECT KEY "Sec-WebSocket-Version: 8\r\n\r\n",
      "upgrade keep 426 " },
    { "version 13, 8",
      "GET / HTTP/1.1\r\n" HOST UPGRADE CONNECT KEY "Sec-WebSocket-Version: 13, 8\r\n\r\n",
      "upgrade keep 426 " },
    { "two versions", "GET / HTTP/1.1\r\n" ALL VERSION "\r\n", "upgrade keep 400 " },
    { "two origins", "GET / HTTP/1.1\r\n" ALL "Origin: http://a\r\nOrigin: http://b\r\n\r\n",
      "upgrade keep 400 " },
    { "an upgrade with a body", "GET / HTTP/1.1\r\n" ALL "Content-Length: 1\r\n\r\nx",
      "upgrade close 400 " },
    { "a protocol that is no token", "GET / HTTP/1.1\r\n" ALL "Sec-WebSocket-Protocol: a b\r\n\r\n",
      "upgrade keep 400 a b," },
    { "a protocol twice", "GET / HTTP/1.1\r\n" ALL "Sec-WebSocket-Protocol: a, b, a\r\n\r\n",
      "upgrade keep 400 a,b,a," },
    { "extensions not well-formed",
      "GET / HTTP/1.1\r\n" ALL "Sec-WebSocket-Extensions: a; =b\r\n\r\n", "upgrade keep 400 " },
    { "connection also says close",
      "GET / HTTP/1.1\r\n" HOST UPGRADE "Connection: Upgrade, close\r\n" KEY VERSION "\r\n",
      "upgrade close 0 " },

    /* RFC 9112: requests that want no WebSocket */
    { "plain", "GET /a?b HTTP/1.1\r\n" HOST "\r\n", "plain keep 0 " },
    { "an empty line first", "\r\nGET / HTTP/1.1\r\n" HOST "\r\n", "plain keep 0 " },
    { "another upgrade", "GET / HTTP/1.1\r\n" HOST "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
      "plain keep 0 " },
    { "plain, close", "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "plain close 0 " },
    { "plain, HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "plain close 0 " },
    { "with an empty body", "POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n",
      "plain keep 0 " },
    { "with a body", "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n", "plain close 0 " },
    { "with a chunked body", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n",
      "plain close 0 " },

    /* RFC 9112 3.2 and 6.3: what no server may let pass. */
    { "no host", "GET / HTTP/1.1\r\n\r\n", "400 the header Host is missing" },
    { "no host, upgrade", "GET / HTTP/1.1\r\n" UPGRADE CONNECT KEY VERSION "\r\n",
      "400 the header Host is missing" },
    { "two hosts", "GET / HTTP/1.1\r\n" HOST HOST "\r\n", "400 the header Host comes twice" },
    { "an empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n",
      "400 the header Host is not well-formed" },
    { "a path as host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
      "400 the header Host is not well-formed" },
    { "a list as length",
      "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
      "400 the header Content-Length is not well-formed" },
    { "a negative length", "POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n",
      "400 the header Content-Length is not well-formed" },
    { "two ways to end",
      "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      "400 the header Transfer-Encoding does not belong here" },
    { "a chunked body in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
      "400 the header Transfer-Encoding does not belong here" },

    /* What the head parser refuses. */
    { "nothing like HTTP", "\x16\x03\x01\x02",
      "400 the method is not a token followed by a space" },
    { "HTTP/2", "GET / HTTP/2.0\r\n" HOST "\r\n", "505 only HTTP/1.x is spoken here" },
    { "a folded line", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
      "400 a line begins with white space" },
};

static void describe_view(const struct weft_engine_request_view *view, char *out, size_t room)
{
    size_t bytes =
        (size_t)snprintf(out, room, "%s %s %d ", view->wants_upgrade ? "upgrade" : "plain",
                         view->keep_alive ? "keep" : "close", view->refusal_status);
    for (size_t i = 0; i < view->protocol_count; i++)
        bytes += (size_t)snprintf(out + bytes, room - bytes, "%.*s,", (int)view->protocols[i].count,
                                  view->protocols[i].data);
    assert_int_equal(view->refusal_status != 0, view->refusal_text != NULL);
}

/* The answer of the engine itself: its status, and the line that is its body. */
static void describe_answer(struct probe *probe, char *out, size_t room)
{
    probe_write(probe);
    probe->output[probe->output_bytes] = '\0';
    const char *answer = (const char *)probe->output;
    const char *body = strstr(answer, "\r\n\r\n");
    assert_non_null(body);
    assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
    snprintf(out, room, "%.3s %.*s", answer + 9, (int)strcspn(body + 4, "\n"), body + 4);
    char length[64];
    snprintf(length, sizeof length, "\r\nContent-Length: %zu\r\n", strlen(body + 4));
    assert_non_null(strstr(answer, length));
    assert_string_equal(probe->events, "failed:protocol/0 ");
    assert_non_null(strstr(body, probe->failure.text));
    assert_true(weft_engine_wants_end(probe->engine));
}

static void run(const struct request_case *c, size_t cut, size_t piece)
{
    struct probe *probe = probe_create(WEFT_SERVER, NULL);
    struct weft_bytes request = weft_bytes_of(weft_text_of(c->request));
    char view[512];
    probe->accepts = false;
    if (piece)
        probe_feed_by(probe, request, piece);
    else
        probe_feed_cut(probe, request, cut);
    if (strcmp(probe->events, "request ") == 0)
        /* The probe does not keep the view; the engine does, until it is answered. */
        describe_view(&probe->engine->opening->view, view, sizeof view);
    else
        describe_answer(probe, view, sizeof view);
    assert_string_equal(view, c->view);
    probe_destroy(probe);
}

static void requests_are_judged_however_they_are_cut(void **state)
{
    (void)state;
    for_each_case(c, cases)
    {
        for (size_t cut = 0; cut <= strlen(c->request); cut++)
            run(c, cut, 0);
        run(c, 0, 1);
    }
}

static void the_view_shows_the_request(void **state)
{
    (void)state;
    struct probe *probe = probe_create(WEFT_SERVER, NULL);
    probe->accepts = false;
    probe_feed(probe, (struct weft_bytes)BYTES_OF(
                          "HEAD /a?b=c HTTP/1.1\r\nHost: h:1\r\nX-Y:  z \r\n\r\n"));
    const struct weft_engine_request_view *view = &probe->engine->opening->view;
    assert_int_equal(view->method.count, 4);
    assert_memory_equal(view->method.data, "HEAD", 4);
    assert_int_equal(view->target.count, 6);
    assert_memory_equal(view->target.data, "/a?b=c", 6);
    assert_int_equal(view->version_minor, 1);
    assert_int_equal(view->headers.count, 2);
    const struct weft_header *header = weft_headers_find(view->headers, "x-y", NULL);
    assert_non_null(header);
    assert_int_equal(header->value.count, 1);
    assert_int_equal(header->value.data[0], 'z');
    probe_destroy(probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_judged_however_they_are_cut),
        cmocka_unit_test(the_view_shows_the_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
