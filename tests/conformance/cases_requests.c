/* RFC 6455 4.2 and the rules of HTTP/1.1 below it. */
#include "conformance/requests.h"

#define OFFERS(value)    "Sec-WebSocket-Extensions: " value "\r\n"
#define PROTOCOLS(value) "Sec-WebSocket-Protocol: " value "\r\n"

/* Right but for the line that begins the request, or for a further one. */
#define REQUEST(text) BYTES_OF(text END)
#define LINE(text)    BYTES_OF(text "\r\n" FIELDS END)
#define WITH(text)    BYTES_OF(GET FIELDS text END)

#define IS_OPEN(text) BYTES_OF(GET FIELDS text END), 101, NULL, ""
#define NO_PROTOCOL   101, NULL, ""
#define BROKEN(says)  400, says, "Connection: close"
#define OTHER_VERSION 426, "version 13", "Sec-WebSocket-Version: 13"

const struct request_case cases_requests[] = {
    // clang-format off
    { "right",                     IS_OPEN("") },
    { "right, with other headers", IS_OPEN("User-Agent: x\r\nCookie: a=b\r\nX-Empty:\r\n") },

    /* ---- the request line ---- */
    { "POST",             LINE("POST /echo HTTP/1.1"), 405, "GET", "Allow: GET" },
    { "PUT",              LINE("PUT /echo HTTP/1.1"), 405, "GET", "Allow: GET" },
    { "get",              LINE("get /echo HTTP/1.1"), 405, "GET", "Allow: GET" },
    { "HTTP/1.0",         LINE("GET /echo HTTP/1.0"), 400, "HTTP/1.1", NULL },
    { "HTTP/1.2",         LINE("GET /echo HTTP/1.2"), NO_PROTOCOL },
    { "HTTP/2.0",         LINE("GET /echo HTTP/2.0"), 505, "HTTP/1", NULL },
    { "HTTP/0.9",         LINE("GET /echo HTTP/0.9"), 505, "HTTP/1", NULL },
    { "HTTP/1.x",         LINE("GET /echo HTTP/1.x"), BROKEN("version") },
    { "HTTP/1.10",        LINE("GET /echo HTTP/1.10"), BROKEN("CR LF") },
    { "http/1.1",         LINE("GET /echo http/1.1"), BROKEN("version") },
    { "no version",       LINE("GET /echo"), BROKEN("") },
    { "two spaces",       LINE("GET  /echo HTTP/1.1"), BROKEN("target") },
    { "a tab",            LINE("GET\t/echo HTTP/1.1"), BROKEN("method") },
    { "a space at the end", LINE("GET /echo HTTP/1.1 "), BROKEN("CR LF") },
    { "no method",        LINE(" /echo HTTP/1.1"), BROKEN("method") },
    { "a method that is no token", LINE("G(T /echo HTTP/1.1"), BROKEN("method") },
    { "a target beyond ASCII", LINE("GET /\xC3\xA9" "cho HTTP/1.1"), BROKEN("target") },
    { "a target without a slash", LINE("GET echo HTTP/1.1"), 400, "path", NULL },
    { "a target in absolute form", LINE("GET http://weft.example/echo HTTP/1.1"), NO_PROTOCOL },
    { "a target with a query", LINE("GET /echo?a=b&c HTTP/1.1"), NO_PROTOCOL },
    { "an empty line before it", BYTES_OF("\r\n" GET FIELDS END), NO_PROTOCOL },
    { "the preface of HTTP/2", BYTES_OF("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505, "HTTP/1", NULL },
    { "the hello of TLS",
        BYTES_OF("\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03\n\r\n\r\n"), BROKEN("method") },

    /* ---- RFC 6455 4.2.2: where ---- */
    { "unknown path",             LINE("GET /nothing HTTP/1.1"), 404, "no WebSocket", NULL },
    { "a path below the endpoint", LINE("GET /echo/more HTTP/1.1"), 404, "no WebSocket", NULL },
    { "a page, no endpoint",      LINE("GET / HTTP/1.1"), 404, "no WebSocket", NULL },
    { "unknown path, no upgrade",
        REQUEST("GET /nothing HTTP/1.1\r\n" HOST), 404, "no such file", NULL },
    { "POST, no upgrade",
        REQUEST("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0\r\n"), 405, "method",
              "Allow: GET" },

    /* ---- RFC 9112 3.2: Host ---- */
    { "no Host",        REQUEST(GET UPGRADE CONNECTION KEY VERSION), BROKEN("Host") },
    { "two Hosts",      WITH(HOST), BROKEN("Host") },
    { "a wrong Host",
        REQUEST(GET "Host: a b\r\n" UPGRADE CONNECTION KEY VERSION), BROKEN("Host") },
    { "Host with a path",
        REQUEST(GET "Host: a/b\r\n" UPGRADE CONNECTION KEY VERSION), BROKEN("Host") },
    { "Host with a port",
        REQUEST(GET "Host: a:80\r\n" UPGRADE CONNECTION KEY VERSION), NO_PROTOCOL },

    /* ---- RFC 6455 4.2.1, 3 and 4 ---- */
    { "no Upgrade",
        REQUEST(GET HOST CONNECTION KEY VERSION), 426, "WebSocket", "Upgrade: websocket" },
    { "another Upgrade",
        REQUEST(GET HOST "Upgrade: h2c\r\n" CONNECTION KEY VERSION), 426, "WebSocket",
              "Upgrade: websocket" },
    { "Upgrade in capitals",
        REQUEST(GET HOST "Upgrade: WEBSOCKET\r\n" CONNECTION KEY VERSION), NO_PROTOCOL },
    { "Upgrade as a list",
        REQUEST(GET HOST "Upgrade: h2c, WebSocket\r\n" CONNECTION KEY VERSION), NO_PROTOCOL },
    { "no Connection",  REQUEST(GET HOST UPGRADE KEY VERSION), 400, "Connection", NULL },
    { "Connection without upgrade",
        REQUEST(GET HOST UPGRADE "Connection: keep-alive\r\n" KEY VERSION), 400, "Connection",
              NULL },
    { "Connection with another word",
        REQUEST(GET HOST UPGRADE "Connection: upgraded\r\n" KEY VERSION), 400, "Connection", NULL },
    { "Connection as a list",
        REQUEST(GET HOST UPGRADE "Connection: keep-alive , UPGRADE\r\n" KEY VERSION), NO_PROTOCOL },
    { "Connection on two lines",
        REQUEST(GET HOST UPGRADE "Connection: keep-alive\r\n" CONNECTION KEY VERSION),
              NO_PROTOCOL },

    /* ---- RFC 6455 4.2.1, 5 ---- */
#define WITH_KEY(value) REQUEST(GET HOST UPGRADE CONNECTION "Sec-WebSocket-Key:" value "\r\n" VERSION)
    { "no key",
        REQUEST(GET HOST UPGRADE CONNECTION VERSION), 400, "Key is missing", NULL },
    { "an empty key",      WITH_KEY(""), 400, "16 bytes", NULL },
    { "a short key",       WITH_KEY(" dGhlIHNhbXBsZQ=="), 400, "16 bytes", NULL },
    { "a key of 15 bytes", WITH_KEY(" dGhlIHNhbXBsZSBub25j"), 400, "16 bytes", NULL },
    { "a key of 17 bytes", WITH_KEY(" dGhlIHNhbXBsZSBub25jZSE="), 400, "16 bytes", NULL },
    { "a key of 18 bytes", WITH_KEY(" dGhlIHNhbXBsZSBub25jZSEh"), 400, "16 bytes", NULL },
    { "a key of 32 bytes",
        WITH_KEY(" dGhlIHNhbXBsZSBub25jZXRoZSBzYW1wbGUgbm9uY2U="), 400, "16 bytes", NULL },
    { "no base 64",        WITH_KEY(" dGhlIHNhbXBsZSBub25!ZQ=="), 400, "16 bytes", NULL },
    { "base 64 for URLs",  WITH_KEY(" dGhlIHNhbXBsZSBub2_-ZQ=="), 400, "16 bytes", NULL },
    { "no padding",        WITH_KEY(" dGhlIHNhbXBsZSBub25jZQ"), 400, "16 bytes", NULL },
    { "padding in the middle", WITH_KEY(" dGhlIHNhbXBs=SBub25jZQ=="), 400, "16 bytes", NULL },
    { "two keys",          WITH(KEY), 400, "Key comes twice", NULL },
    { "white space around the key", WITH_KEY(" \t " SERVER_KEY "\t "), NO_PROTOCOL },
    { "no white space before the key", WITH_KEY(SERVER_KEY), NO_PROTOCOL },
    { "names in small letters",
        BYTES_OF(GET "host: a\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-key: "
                 SERVER_KEY "\r\nsec-websocket-version: 13\r\n\r\n"), NO_PROTOCOL },

    /* ---- RFC 6455 4.2.1, 6 and 4.4 ---- */
#define WITH_VERSION(value)                                                                        \
    REQUEST(GET HOST UPGRADE CONNECTION KEY "Sec-WebSocket-Version: " value "\r\n")
    { "no version",       REQUEST(GET HOST UPGRADE CONNECTION KEY), OTHER_VERSION },
    { "version 12",       WITH_VERSION("12"), OTHER_VERSION },
    { "version 8",        WITH_VERSION("8"), OTHER_VERSION },
    { "version 0",        WITH_VERSION("0"), OTHER_VERSION },
    { "version 14",       WITH_VERSION("14"), OTHER_VERSION },
    { "version 130",      WITH_VERSION("130"), OTHER_VERSION },
    { "an empty version", WITH_VERSION(""), OTHER_VERSION },
    { "a word as version", WITH_VERSION("thirteen"), OTHER_VERSION },
    { "versions as a list", WITH_VERSION("13, 8"), OTHER_VERSION },
    { "two versions",     WITH(VERSION), 400, "Version comes twice", NULL },
    { "two different versions",
        WITH("Sec-WebSocket-Version: 8\r\n"), 400, "Version comes twice", NULL },

    /* ---- RFC 6455 4.2.2, 1 and 10.2 ---- */
    { "its own origin",       IS_OPEN("Origin: http://weft.example\r\n") },
    { "its own origin, TLS before it", IS_OPEN("Origin: https://weft.example\r\n") },
    { "another origin",       WITH("Origin: http://other.example\r\n"), 403, "origin", NULL },
    { "another port",         WITH("Origin: http://weft.example:81\r\n"), 403, "origin", NULL },
    { "a name around its own", WITH("Origin: http://weft.example.org\r\n"), 403, "origin", NULL },
    { "the origin null",      WITH("Origin: null\r\n"), 403, "origin", NULL },
    { "an empty origin",      WITH("Origin:\r\n"), 403, "origin", NULL },
    { "two origins",
        WITH("Origin: http://weft.example\r\nOrigin: http://weft.example\r\n"), 400, "Origin",
              NULL },

    /* ---- RFC 9112 5 and 2.2: lines ---- */
    { "a folded line",       WITH("X-Long: a\r\n b\r\n"), BROKEN("white space") },
    { "a line folded by a tab", WITH("X-Long: a\r\n\tb\r\n"), BROKEN("white space") },
    { "the first line is folded", REQUEST(GET " " FIELDS), BROKEN("white space") },
    { "a space before the colon", WITH("X-Name : a\r\n"), BROKEN("white space") },
    { "a tab before the colon",   WITH("X-Name\t: a\r\n"), BROKEN("white space") },
    { "no colon",            WITH("X-Name\r\n"), BROKEN("token") },
    { "no name",             WITH(": a\r\n"), BROKEN("no name") },
    { "a name that is no token", WITH("X(Name): a\r\n"), BROKEN("token") },
    { "a name beyond ASCII", WITH("N\xC3\xA4me: a\r\n"), BROKEN("token") },
    { "a value beyond ASCII", IS_OPEN("X-Name: N\xC3\xA4me\r\n") },
    { "a zero in a value",   WITH("X-Name: a\0b\r\n"), BROKEN("control") },
    { "a zero in a name",    WITH("X-\0Name: a\r\n"), BROKEN("token") },
    { "a zero in the target", LINE("GET /echo\0 HTTP/1.1"), BROKEN("target") },
    { "a control byte",      WITH("X-Name: a\x07" "b\r\n"), BROKEN("control") },
    { "a DEL",               WITH("X-Name: a\x7F" "b\r\n"), BROKEN("control") },
    { "a bare CR in a value", WITH("X-Name: a\rb\r\n"), BROKEN("CR LF") },
    { "a bare CR at a line's end", WITH("X-Name: a\rX-Other: b\r\n"), BROKEN("CR LF") },
    { "a bare LF at a line's end", WITH("X-Name: a\n"), BROKEN("CR LF") },
    { "a bare LF behind the request line",
        BYTES_OF("GET /echo HTTP/1.1\n" FIELDS END), BROKEN("CR LF") },
    { "a bare LF as the empty line", BYTES_OF(GET FIELDS "\n"), BROKEN("CR LF") },
    { "words that are no HTTP", BYTES_OF("hello, is there anybody?\r\n\r\n"), BROKEN("method") },

    /* ---- RFC 9112 6.3: a request for a WebSocket ends with its head ---- */
    { "a length of 0",   IS_OPEN("Content-Length: 0\r\n") },
    { "a body",          WITH("Content-Length: 5\r\n"), 400, "body", NULL },
    { "a chunked body",  WITH("Transfer-Encoding: chunked\r\n"), 400, "body", NULL },
    { "a length and chunks",
        WITH("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), BROKEN("Transfer-Encoding") },
    { "two lengths",
        WITH("Content-Length: 0\r\nContent-Length: 5\r\n"), BROKEN("Content-Length") },
    { "a negative length", WITH("Content-Length: -1\r\n"), BROKEN("Content-Length") },
    { "a length in words", WITH("Content-Length: none\r\n"), BROKEN("Content-Length") },
    { "a length beyond 64 bits",
        WITH("Content-Length: 18446744073709551616\r\n"), BROKEN("Content-Length") },

    /* ---- RFC 6455 9.1: no extension is spoken, each offer is passed over ---- */
    { "permessage-deflate",  IS_OPEN(OFFERS("permessage-deflate")) },
    { "permessage-deflate with parameters",
        IS_OPEN(OFFERS("permessage-deflate; client_max_window_bits; server_no_context_takeover")) },
    { "a parameter with a value",
        IS_OPEN(OFFERS("permessage-deflate; server_max_window_bits=10")) },
    { "a quoted value", IS_OPEN(OFFERS("permessage-deflate; server_max_window_bits=\"10\"")) },
    { "an extension of nobody",   IS_OPEN(OFFERS("x-unknown; a=b; c")) },
    { "several extensions",       IS_OPEN(OFFERS("x-one, permessage-deflate;a=1 , x-two")) },
    { "the same one twice",       IS_OPEN(OFFERS("permessage-deflate; a=1, permessage-deflate")) },
    { "extensions on two lines",  IS_OPEN(OFFERS("x-one") OFFERS("x-two; a")) },
    { "an extension without a name", WITH(OFFERS("; a")), 400, "Extensions", NULL },
    { "a parameter without a name",  WITH(OFFERS("x-one; =1")), 400, "Extensions", NULL },
    { "a parameter without its value", WITH(OFFERS("x-one; a=")), 400, "Extensions", NULL },
    { "a quotation that does not end", WITH(OFFERS("x-one; a=\"b")), 400, "Extensions", NULL },
    { "two words as a name",         WITH(OFFERS("x one")), 400, "Extensions", NULL },

    /* ---- RFC 6455 4.2.2, 5: from the server's own list, and of what was offered ---- */
    { "a protocol of the server's",  WITH(PROTOCOLS("json")), 101, NULL, "json" },
    { "the server's first",          WITH(PROTOCOLS("json, echo")), 101, NULL, "echo" },
    { "one of several",              WITH(PROTOCOLS("chat,json , superchat")), 101, NULL, "json" },
    { "protocols on two lines",      WITH(PROTOCOLS("chat") PROTOCOLS("json")), 101, NULL, "json" },
    { "none of the server's",        IS_OPEN(PROTOCOLS("chat, superchat")) },
    { "a protocol in other letters", IS_OPEN(PROTOCOLS("JSON")) },
    { "a protocol twice",            WITH(PROTOCOLS("json, json")), 400, "Protocol", NULL },
    { "a protocol on two lines twice",
        WITH(PROTOCOLS("json") PROTOCOLS("json")), 400, "Protocol", NULL },
    { "a protocol of two words",     WITH(PROTOCOLS("json echo")), 400, "Protocol", NULL },
    { "a protocol with a separator", WITH(PROTOCOLS("json/2")), 400, "Protocol", NULL },
    // clang-format on
};

const size_t cases_requests_count = COUNT_OF(cases_requests);
