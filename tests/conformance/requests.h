/* Requests for a WebSocket, right and wrong, and what the server must answer. */
#ifndef CONFORMANCE_REQUESTS_H
#define CONFORMANCE_REQUESTS_H

#include "conformance/server.h"

struct request_case {
    const char *name;
    struct weft_bytes request;
    int status;
    const char *says;   /* Stands in the body's line. */
    const char *header; /* Stands in the answer's head; at a 101 "" forbids any subprotocol. */
};
extern const struct request_case cases_requests[];
extern const size_t cases_requests_count;

/* The right request is GET FIELDS END. */
#define GET        "GET /echo HTTP/1.1\r\n"
#define HOST       "Host: weft.example\r\n"
#define UPGRADE    "Upgrade: websocket\r\n"
#define CONNECTION "Connection: Upgrade\r\n"
#define KEY        "Sec-WebSocket-Key: " SERVER_KEY "\r\n"
#define VERSION    "Sec-WebSocket-Version: 13\r\n"
#define FIELDS     HOST UPGRADE CONNECTION KEY VERSION
#define END        "\r\n"

#endif
