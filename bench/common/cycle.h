/* A cycle of messages that differ, compressed beforehand (RFC 7692).
 *
 * `alone` are without what came before, and `behind` are behind the cycle's messages before them,
 * as the compressor of an endless connection makes them. A cycle is longer than two windows of
 * DEFLATE, so that what repeats lies beyond every compressor's reach, and what lies in the window
 * before a message is the same in each cycle. A connection begins with messages that are compressed
 * alone, which are right with takeover, too, until its window is full. */
#ifndef BENCH_CYCLE_H
#define BENCH_CYCLE_H

#include <stddef.h>
#include <stdint.h>

enum { CYCLE_WINDOW_BYTES = 1 << 15 };

struct cycle_frame {
    uint8_t *data;
    size_t bytes;
};

struct cycle {
    size_t message_bytes, count;
    uint8_t **messages;
    struct cycle_frame *alone, *behind; /* Masked. */
};

/* JSON, so many bytes each. What fails ends the program with a line. */
void cycle_make(struct cycle *cycle, size_t message_bytes);

#endif
