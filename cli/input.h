/* Standard input as events of the loop: lines of text, or blocks of bytes. */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include "weft/loop.h"

#include <stdint.h>

enum { INPUT_BLOCK_BYTES = 64 * 1024, INPUT_LINE_BYTES_MAX = 16 * 1024 * 1024 };

struct input;

struct input_events {
    /* A line without its end, or a block. Lent. `number` counts from 1. */
    void (*on_piece)(struct weft_text piece, uint64_t number, void *user);
    /* The end, once: `problem` is NULL, or one sentence. */
    void (*on_end)(const char *problem, void *user);
};

/* Reads from `fd`, which stays the caller's. The input may be stopped, not destroyed, from its
 * events. */
WEFT_MUST_USE weft_status input_create(weft_loop *loop, int fd, bool in_lines,
                                       const struct input_events *events, void *user,
                                       struct input **input_out);
void input_destroy(struct input *input);

void input_pause(struct input *input);
void input_resume(struct input *input);
/* For good. */
void input_stop(struct input *input);

#endif
