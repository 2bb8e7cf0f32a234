/* What a peer can do wrong, and what else ends a connection: one line each. */
#ifndef WF_WS_FAULT_H
#define WF_WS_FAULT_H

#include "weft/failure.h"

/* X(name, kind, status, close code, rule, text). The text is also the reason of the Close frame. */
#define WF_FAULT_MAP(X)                                                                            \
    X(RESERVED_BITS, PROTOCOL, PROTOCOL, 1002, "RFC 6455 5.2",                                     \
      "a reserved bit is set and no extension owns it")                                            \
    X(RESERVED_OPCODE, PROTOCOL, PROTOCOL, 1002, "RFC 6455 5.2", "the opcode is reserved")         \
    X(NOT_MASKED, PROTOCOL, PROTOCOL, 1002, "RFC 6455 5.1", "a frame of the client is not masked") \
    X(MASKED, PROTOCOL, PROTOCOL, 1002, "RFC 6455 5.1", "a frame of the server is masked")         \
    X(LENGTH_NOT_MINIMAL, PROTOCOL, PROTOCOL, 1002, "RFC 6455 5.2",                                \
      "the payload length is not in its shortest form")                                            \
    X(LENGTH_TOP_BIT, PROTOCOL, PROTOCOL, 1002, "RFC 6455 5.2",                                    \
      "the highest bit of the payload length is set")                                              \
    X(CONTROL_TOO_LONG, PROTOCOL, PROTOCOL, 1002, "RFC 6455 5.5",                                  \
      "a control frame has more than 125 bytes")                                                   \
    X(CONTROL_FRAGMENTED, PROTOCOL, PROTOCOL, 1002, "RFC 6455 5.5",                                \
      "a control frame is fragmented")                                                             \
    X(NOTHING_TO_CONTINUE, PROTOCOL, PROTOCOL, 1002, "RFC 6455 5.4",                               \
      "a continuation frame without a message to continue")                                        \
    X(MESSAGE_UNFINISHED, PROTOCOL, PROTOCOL, 1002, "RFC 6455 5.4",                                \
      "a message begins before the last one has ended")                                            \
    X(TEXT_NOT_UTF8, PROTOCOL, UTF8, 1007, "RFC 6455 8.1", "a text message is not UTF-8")          \
    X(CLOSE_ONE_BYTE, PROTOCOL, PROTOCOL, 1002, "RFC 6455 5.5.1", "a Close frame of one byte")     \
    X(CLOSE_CODE, PROTOCOL, PROTOCOL, 1002, "RFC 6455 7.4",                                        \
      "the close code may not stand in a frame")                                                   \
    X(CLOSE_REASON_NOT_UTF8, PROTOCOL, UTF8, 1007, "RFC 6455 5.5.1",                               \
      "the reason of a Close frame is not UTF-8")                                                  \
    X(MESSAGE_TOO_BIG, LIMIT, LIMIT, 1009, "RFC 6455 7.4.1", "the message is too big")             \
    X(TOO_MANY_FRAMES, LIMIT, LIMIT, 1008, "RFC 6455 10.4", "the message has too many fragments")  \
    X(COMPRESSED_LATE, PROTOCOL, PROTOCOL, 1002, "RFC 7692 6",                                     \
      "a continuation frame has the bit of compression")                                           \
    X(CORRUPT, PROTOCOL, PROTOCOL, 1007, "RFC 7692 7.2.2", "a compressed message is corrupt")      \
    X(INFLATES_TOO_MUCH, LIMIT, LIMIT, 1009, "RFC 7692 8",                                         \
      "the message is too big for what it was compressed to")                                      \
    X(NO_MEMORY, MEMORY, MEMORY, 1011, NULL, "no memory")                                          \
    X(INPUT_ENDED, TRANSPORT, CLOSED, 0, "RFC 6455 7.1.5",                                         \
      "the connection ended without a Close frame")                                                \
    X(ENDED_IN_HEAD, TRANSPORT, CLOSED, 0, NULL, "the connection ended before the handshake")      \
    X(REQUEST_BROKEN, PROTOCOL, PROTOCOL, 0, NULL, "the request is not well-formed")               \
    X(KEPT_TOO_MUCH, LIMIT, LIMIT, 0, NULL, "too many bytes came before the request was answered") \
    X(ANSWER_BROKEN, HANDSHAKE, PROTOCOL, 0, NULL, "the answer is not well-formed")                \
    X(REFUSED, HANDSHAKE, REFUSED, 0, "RFC 6455 4.1", "the server refused the handshake")          \
    X(TOO_MANY_INTERIM, LIMIT, LIMIT, 0, "RFC 9110 15.2", "too many interim answers")              \
    X(ANSWER_VERSION, HANDSHAKE, PROTOCOL, 0, "RFC 6455 4.1", "the answer is not HTTP/1.1")        \
    X(ANSWER_UPGRADE, HANDSHAKE, PROTOCOL, 0, "RFC 6455 4.1",                                      \
      "the answer has no header Upgrade: websocket")                                               \
    X(ANSWER_CONNECTION, HANDSHAKE, PROTOCOL, 0, "RFC 6455 4.1",                                   \
      "the answer has no header Connection: Upgrade")                                              \
    X(ANSWER_ACCEPT, HANDSHAKE, PROTOCOL, 0, "RFC 6455 4.1",                                       \
      "Sec-WebSocket-Accept does not fit the key")                                                 \
    X(ANSWER_EXTENSION, HANDSHAKE, PROTOCOL, 0, "RFC 6455 4.1",                                    \
      "the answer has an extension that was not offered")                                          \
    X(ANSWER_DEFLATE, HANDSHAKE, PROTOCOL, 0, "RFC 7692 7.1",                                      \
      "the answer's permessage-deflate does not fit the offer")                                    \
    X(ANSWER_PROTOCOL, HANDSHAKE, PROTOCOL, 0, "RFC 6455 4.1",                                     \
      "the answer has a subprotocol that was not offered")                                         \
    X(ANSWER_NO_PROTOCOL, HANDSHAKE, PROTOCOL, 0, "WHATWG WebSockets 3.1",                         \
      "the answer has none of the subprotocols that were offered")

#define WF_FAULT_ENUM(name, kind, status, code, rule, text) WF_FAULT_##name,
enum wf_fault { WF_FAULT_NONE = 0, WF_FAULT_MAP(WF_FAULT_ENUM) };
#undef WF_FAULT_ENUM

/* The failure of a fault; its close_code is the one that should be sent. */
const struct weft_failure *wf_fault_failure(enum wf_fault fault);

#endif
