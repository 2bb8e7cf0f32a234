/* RFC 6455 4.1 and the rules of HTTP/1.1 below it. */
#include "conformance/answers.h"

#define PROTOCOL(value)  "Sec-WebSocket-Protocol: " value "\r\n"
#define EXTENSION(value) "Sec-WebSocket-Extensions: " value "\r\n"

#define ANSWER(text) BYTES_OF(text END)
#define PLAIN(status, text)                                                                        \
    BYTES_OF("HTTP/1.1 " status "\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\n" text)

#define OPENS(...)         ANSWER(__VA_ARGS__), NULL, { NULL }, false
#define FAILS(says)        says, { NULL }, false
#define FAILS_AT_END(says) says, { NULL }, true

const struct answer_case cases_answers[] = {
    // clang-format off
    { "right",                  OPENS(STATUS FIELDS) },
    { "right, with other headers", OPENS(STATUS "Date: x\r\nServer: y\r\nX-Empty:\r\n" FIELDS) },
    { "right, another phrase",  OPENS("HTTP/1.1 101 Why not?\r\n" FIELDS) },
    { "right, no phrase",       OPENS("HTTP/1.1 101 \r\n" FIELDS) },
    { "right, HTTP/1.2",        OPENS("HTTP/1.2 101 Switching Protocols\r\n" FIELDS) },
    { "names in small letters",
        OPENS(STATUS "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: {accept}\r\n") },
    { "white space around values",
        OPENS(STATUS "Upgrade: \twebsocket \r\nConnection:upgrade\t\r\nSec-WebSocket-Accept:   {accept}  \r\n") },

    /* ---- RFC 6455 4.1, 1: another status ---- */
    { "200",  PLAIN("200 OK", "welcome\n"), FAILS("HTTP 200 OK: welcome") },
    { "201",  PLAIN("201 Created", "created\n"), FAILS("HTTP 201 Created: created") },
    { "204",  ANSWER("HTTP/1.1 204 No Content\r\n"), FAILS("HTTP 204 No Content") },
    { "301",  ANSWER("HTTP/1.1 301 Moved Permanently\r\nLocation: /\r\nContent-Length: 0\r\n"),
        FAILS("HTTP 301 Moved Permanently") },
    { "302",
        ANSWER("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n"),
              FAILS("HTTP 302 Found") },
    { "304",  ANSWER("HTTP/1.1 304 Not Modified\r\n"), FAILS("HTTP 304") },
    { "400",  PLAIN("400 Bad Request", "no key!\n"), FAILS("HTTP 400 Bad Request: no key!") },
    { "401",
        ANSWER("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n"),
        FAILS("HTTP 401 Unauthorized") },
    { "403",  PLAIN("403 Forbidden", "origin?\n"), FAILS("HTTP 403 Forbidden: origin?") },
    { "404",  PLAIN("404 Not Found", "nothing\n"), FAILS("HTTP 404 Not Found: nothing") },
    { "407",
        ANSWER("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n"),
              FAILS("HTTP 407") },
    { "426",
        ANSWER("HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 14\r\nContent-Length: 0\r\n"),
        FAILS("HTTP 426 Upgrade Required") },
    { "500",
        PLAIN("500 Internal Server Error", "sorry..\n"),
              FAILS("HTTP 500 Internal Server Error: sorry..") },
    { "503 in chunks",
        BYTES_OF("HTTP/1.1 503 Busy\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "3;x=y\r\ntry\r\n7\r\n later\n\r\n0\r\n\r\n"), FAILS("HTTP 503 Busy: try later") },
    { "500 until the end",
        BYTES_OF("HTTP/1.1 500 Oh\r\nContent-Type: text/plain\r\n\r\nno length\n"),
        FAILS_AT_END("HTTP 500 Oh: no length") },
    { "500, its body cut",
        BYTES_OF("HTTP/1.1 500 Oh\r\nContent-Type: text/plain\r\nContent-Length: 99\r\n\r\nhalf a "),
        FAILS_AT_END("HTTP 500 Oh: half a") },
    { "500 with control bytes in its body",
        BYTES_OF("HTTP/1.1 500 Oh\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\n\x1B[31m!"),
        FAILS("HTTP 500 Oh: \\x1b[31m!") },
    { "999",  ANSWER("HTTP/1.1 999 Strange\r\nContent-Length: 0\r\n"), FAILS("HTTP 999 Strange") },

    /* ---- RFC 9110 15.2: interim answers ---- */
    { "100, then right", OPENS("HTTP/1.1 100 Continue\r\n\r\n" STATUS FIELDS) },
    { "102, then right", OPENS("HTTP/1.1 102 Processing\r\nX: y\r\n\r\n" STATUS FIELDS) },
    { "103, then right",
        OPENS("HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n" STATUS FIELDS) },
    { "100 and 103, then right",
        OPENS("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" STATUS FIELDS) },
    { "100, then 403",
        ANSWER("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n"),
        FAILS("HTTP 403 Forbidden") },
    { "what belongs to the 101 stands in the 100",
        ANSWER("HTTP/1.1 100 Continue\r\n" FIELDS "\r\n" STATUS), FAILS("Upgrade") },

    /* ---- RFC 6455 4.1, 2 and 3 ---- */
    { "no Upgrade",        ANSWER(STATUS CONNECTION ACCEPT), FAILS("Upgrade: websocket") },
    { "another Upgrade",
        ANSWER(STATUS "Upgrade: h2c\r\n" CONNECTION ACCEPT), FAILS("Upgrade: websocket") },
    { "an empty Upgrade",
        ANSWER(STATUS "Upgrade:\r\n" CONNECTION ACCEPT), FAILS("Upgrade: websocket") },
    { "an Upgrade with more behind it",
        ANSWER(STATUS "Upgrade: websocket/13\r\n" CONNECTION ACCEPT), FAILS("Upgrade: websocket") },
    { "Upgrade in capitals", OPENS(STATUS "Upgrade: WebSocket\r\n" CONNECTION ACCEPT) },
    { "no Connection",     ANSWER(STATUS UPGRADE ACCEPT), FAILS("Connection: Upgrade") },
    { "Connection: close",
        ANSWER(STATUS UPGRADE "Connection: close\r\n" ACCEPT), FAILS("Connection: Upgrade") },
    { "Connection: upgraded",
        ANSWER(STATUS UPGRADE "Connection: upgraded\r\n" ACCEPT), FAILS("Connection: Upgrade") },
    { "Connection as a list", OPENS(STATUS UPGRADE "Connection: keep-alive, UPGRADE\r\n" ACCEPT) },
    { "Connection on two lines",
        OPENS(STATUS UPGRADE "Connection: keep-alive\r\n" CONNECTION ACCEPT) },

    /* ---- RFC 6455 4.1, 4 ---- */
#define WITH_ACCEPT(value) ANSWER(STATUS UPGRADE CONNECTION "Sec-WebSocket-Accept: " value "\r\n")
    { "no Accept",         ANSWER(STATUS UPGRADE CONNECTION), FAILS("Sec-WebSocket-Accept") },
    { "an empty Accept",   WITH_ACCEPT(""), FAILS("Sec-WebSocket-Accept") },
    { "Accept of another key",
        WITH_ACCEPT("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), FAILS("Sec-WebSocket-Accept") },
    { "Accept with more behind it", WITH_ACCEPT("{accept}="), FAILS("Sec-WebSocket-Accept") },
    { "Accept with more before it", WITH_ACCEPT("x{accept}"), FAILS("Sec-WebSocket-Accept") },
    { "Accept in quotes",  WITH_ACCEPT("\"{accept}\""), FAILS("Sec-WebSocket-Accept") },
    { "Accept in other letters", WITH_ACCEPT("{ACCEPT}"), FAILS("Sec-WebSocket-Accept") },
    { "Accept as a list",  WITH_ACCEPT("{accept}, {accept}"), FAILS("Sec-WebSocket-Accept") },
    { "two Accepts",       WITH(ACCEPT), FAILS("Sec-WebSocket-Accept") },

    /* ---- RFC 6455 4.1, 5: nothing was offered ---- */
    { "an extension",        WITH(EXTENSION("permessage-deflate")), FAILS("extension") },
    { "an extension with parameters",
        WITH(EXTENSION("permessage-deflate; server_no_context_takeover")), FAILS("extension") },
    { "an extension of nobody", WITH(EXTENSION("x-unknown")), FAILS("extension") },
    { "a broken extension",  WITH(EXTENSION(";")), FAILS("extension") },

    /* ---- RFC 6455 4.1, 6, and WHATWG WebSockets 3.1 ---- */
    { "a protocol, none offered", WITH(PROTOCOL("chat")), FAILS("subprotocol") },
    { "an empty protocol, none offered", WITH(PROTOCOL("")), FAILS("subprotocol") },
    { "the protocol that was offered", WITH(PROTOCOL("chat")), NULL, { "chat" }, false },
    { "the second that was offered", WITH(PROTOCOL("json")), NULL, { "chat", "json" }, false },
    { "no protocol, one offered", WITH(""), "subprotocol", { "chat" }, false },
    { "an empty protocol, one offered", WITH(PROTOCOL("")), "subprotocol", { "chat" }, false },
    { "another protocol",         WITH(PROTOCOL("json")), "subprotocol", { "chat" }, false },
    { "a beginning of it",        WITH(PROTOCOL("cha")), "subprotocol", { "chat" }, false },
    { "more than it",             WITH(PROTOCOL("chats")), "subprotocol", { "chat" }, false },
    { "it in other letters",      WITH(PROTOCOL("Chat")), "subprotocol", { "chat" }, false },
    { "both that were offered",
        WITH(PROTOCOL("chat, json")), "subprotocol", { "chat", "json" }, false },
    { "it on two lines",
        WITH(PROTOCOL("chat") PROTOCOL("chat")), "subprotocol", { "chat" }, false },

    /* ---- RFC 9112: the answer itself ---- */
    { "HTTP/1.0",
        ANSWER("HTTP/1.0 101 Switching Protocols\r\n" FIELDS), FAILS("not HTTP/1.1") },
    { "HTTP/2.0",          ANSWER("HTTP/2.0 101 Switching Protocols\r\n" FIELDS), FAILS("HTTP/1") },
    { "ICY",               ANSWER("ICY 200 OK\r\n"), FAILS("version") },
    { "another protocol's greeting", BYTES_OF("SSH-2.0-OpenSSH_9.2\r\n"), FAILS("version") },
    { "a status of two digits",
        ANSWER("HTTP/1.1 10 Switching\r\n" FIELDS), FAILS("three digits") },
    { "a status of four digits", ANSWER("HTTP/1.1 1010 Switching\r\n" FIELDS), FAILS("CR LF") },
    { "a status in words",       ANSWER("HTTP/1.1 OK\r\n" FIELDS), FAILS("three digits") },
    { "a status below 100",      ANSWER("HTTP/1.1 099 Low\r\n" FIELDS), FAILS("below 100") },
    { "frames without a head",   BYTES_OF("\x81\x05hello\r\n\r\n"), FAILS("version") },
    { "zeros",                   BYTES_OF("\0\0\0\0\r\n\r\n"), FAILS("version") },
    { "a folded line",           WITH("X: a\r\n b\r\n"), FAILS("white space") },
    { "a space before the colon", WITH("X : a\r\n"), FAILS("white space") },
    { "no colon",                WITH("X\r\n"), FAILS("token") },
    { "a zero in a value",       WITH("X: a\0b\r\n"), FAILS("control") },
    { "a bare CR",               WITH("X: a\rb\r\n"), FAILS("CR LF") },
    { "a bare LF behind the status",
        BYTES_OF("HTTP/1.1 101 Switching\n" FIELDS END), FAILS("CR LF") },
    { "a bare LF behind a field", WITH("X: a\n"), FAILS("CR LF") },
    { "a bare LF as the empty line", BYTES_OF(STATUS FIELDS "\n"), FAILS("CR LF") },

    /* ---- the end comes early ---- */
    { "the end and nothing else", BYTES_OF(""), FAILS_AT_END("ended before the handshake") },
    { "the end in the status",
        BYTES_OF("HTTP/1.1 1"), FAILS_AT_END("ended before the handshake") },
    { "the end in a field",
        BYTES_OF(STATUS UPGRADE "Conn"), FAILS_AT_END("ended before the handshake") },
    { "the end before the empty line",
        BYTES_OF(STATUS FIELDS), FAILS_AT_END("ended before the handshake") },
    { "the end behind a 100",
        BYTES_OF("HTTP/1.1 100 Continue\r\n\r\n"), FAILS_AT_END("ended before the handshake") },
    { "the end behind the handshake", WITH(""), FAILS_AT_END("without a Close frame") },
    { "the end in a frame",
        BYTES_OF(STATUS FIELDS END "\x81\x7E\x01"), FAILS_AT_END("without a Close frame") },
    { "the end in a payload",
        BYTES_OF(STATUS FIELDS END "\x81\x05hel"), FAILS_AT_END("without a Close frame") },
    { "the end between two fragments",
        BYTES_OF(STATUS FIELDS END "\x01\x03hel"), FAILS_AT_END("without a Close frame") },
    // clang-format on
};

const size_t cases_answers_count = COUNT_OF(cases_answers);
