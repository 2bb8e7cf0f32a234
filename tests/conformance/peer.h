/* The other end of a TCP connection, by hand: octets out, heads and frames in. Whatever is waited
 * for fails the test when it has not come within 20 s. */
#ifndef CONFORMANCE_PEER_H
#define CONFORMANCE_PEER_H

#include "conformance/wire.h"

struct peer {
    enum weft_side side; /* Whose part it plays. */
    int fd;              /* -1: closed. */
    struct octets came;
    size_t taken_bytes; /* Of `came`. */
    bool has_ended;     /* The other end has ended its direction, or reset the connection. */
    bool was_reset;
    uint32_t last_key; /* Of the last frame, when it was masked. */
};

/* Connects to "127.0.0.1:4711". */
void peer_connect(struct peer *peer, const char *address);

/* A socket on a free port that nobody listens to; `address_out` gets "127.0.0.1:4711". */
int peer_bind(char *address_out, size_t address_bytes);
/* The same as a listener. */
int peer_listen(char *address_out, size_t address_bytes);
/* False: nobody has connected within timeout_ms. */
bool peer_accept(struct peer *peer, int listener, int timeout_ms);

/* Closes TCP. Nothing happens when it is closed already. */
void peer_close(struct peer *peer);
/* The same by a reset. */
void peer_reset(struct peer *peer);
/* Ends the own direction. */
void peer_shutdown(struct peer *peer);

/* Writes all, and reads meanwhile. An other end that has gone is no failure: see has_ended. */
void peer_send(struct peer *peer, const void *data, size_t count);
void peer_send_text(struct peer *peer, const char *text);
void peer_send_piece(struct peer *peer, const struct piece *piece);
/* Octet by octet; of more than some thousand octets, those in the middle in pieces. */
void peer_send_octetwise(struct peer *peer, const void *data, size_t count);
/* Writes what the kernel takes within timeout_ms, and reads nothing. Returns how much. */
size_t peer_push(struct peer *peer, const void *data, size_t count, int timeout_ms);

/* Reads what is there, and waits up to timeout_ms for something. */
void peer_receive(struct peer *peer, int timeout_ms);
struct weft_bytes peer_untaken(const struct peer *peer);

/* Waits for a head of HTTP and takes it, with its empty line; a zero stands behind it. */
void peer_take_head(struct peer *peer, char *out, size_t out_bytes);
/* Waits for so many octets and takes them; lent until the next call. */
struct weft_bytes peer_take(struct peer *peer, size_t count);

/* Waits for a frame and takes it. It must be right in itself: no reserved bits, the shortest form
 * of the length, masked if and only if a client sent it. The payload is unmasked and lent until the
 * next call. */
struct frame {
    uint8_t first;
    struct weft_bytes payload;
};
struct frame peer_take_frame(struct peer *peer);
/* Waits for a frame that must be this one. */
void peer_expect(struct peer *peer, const struct piece *expected);
void peer_expect_close(struct peer *peer, uint16_t code);

/* Waits for the orderly end; nothing may come before it. */
void peer_expect_end(struct peer *peer);
/* The same, when the own last octets may have crossed with the end and been answered by a reset. */
void peer_expect_any_end(struct peer *peer);

#endif
