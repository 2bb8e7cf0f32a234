#include "input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct input {
    struct input_events events;
    void *user;
    weft_watch *watch;
    int fd;
    bool in_lines;
    bool is_stopped;
    uint64_t pieces;
    char *data; /* What was read and not handed out yet. */
    size_t count, capacity;
};

static void set_interest(struct input *input, int interest)
{
    if (weft_watch_set_interest(input->watch, interest) != WEFT_OK) {
        /* A loop that cannot change a watch cannot go on with it. */
        weft_watch_destroy(input->watch);
        input->watch = NULL;
    }
}

void input_pause(struct input *input)
{
    if (input->watch && !input->is_stopped)
        set_interest(input, 0);
}

void input_resume(struct input *input)
{
    if (input->watch && !input->is_stopped)
        set_interest(input, WEFT_READABLE);
}

void input_stop(struct input *input)
{
    input_pause(input);
    input->is_stopped = true;
}

static void end(struct input *input, const char *problem)
{
    if (input->is_stopped)
        return;
    input_stop(input);
    input->events.on_end(problem, input->user);
}

static void hand_out(struct input *input, const char *data, size_t count)
{
    input->pieces++;
    input->events.on_piece((struct weft_text){ data, count }, input->pieces, input->user);
}

/* Hands out the whole lines and keeps the rest. `scanned` bytes are known to have no line end. */
static void hand_out_lines(struct input *input, size_t scanned)
{
    size_t start = 0;
    while (!input->is_stopped) {
        char *line_end = memchr(input->data + scanned, '\n', input->count - scanned);
        if (!line_end)
            break;
        size_t line_bytes = (size_t)(line_end - input->data) - start;
        hand_out(input, input->data + start, line_bytes);
        start += line_bytes + 1;
        scanned = start;
    }
    input->count -= start;
    memmove(input->data, input->data + start, input->count);
}

static bool grow(struct input *input)
{
    size_t capacity = input->capacity ? 2 * input->capacity : INPUT_BLOCK_BYTES;
    char *data = capacity <= INPUT_LINE_BYTES_MAX ? realloc(input->data, capacity) : NULL;
    if (!data)
        return false;
    input->data = data;
    input->capacity = capacity;
    return true;
}

static void end_lines(struct input *input)
{
    /* A last line may lack its end. */
    if (input->in_lines && input->count) {
        size_t count = input->count;
        input->count = 0;
        hand_out(input, input->data, count);
    }
    end(input, NULL);
}

static void on_readable(weft_watch *watch, int ready, void *user)
{
    (void)watch, (void)ready;
    struct input *input = user;
    if (input->count == input->capacity && !grow(input)) {
        char problem[96];
        snprintf(problem, sizeof problem, "line %llu is longer than 16 MiB",
                 (unsigned long long)input->pieces + 1);
        end(input, problem);
        return;
    }

    size_t scanned = input->count;
    ssize_t got = read(input->fd, input->data + scanned, input->capacity - scanned);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got < 0) {
        end(input, strerror(errno));
    } else if (got == 0) {
        end_lines(input);
    } else if (input->in_lines) {
        input->count += (size_t)got;
        hand_out_lines(input, scanned);
    } else {
        hand_out(input, input->data, (size_t)got);
    }
}

weft_status input_create(weft_loop *loop, int fd, bool in_lines, const struct input_events *events,
                         void *user, struct input **input_out)
{
    struct input *input = calloc(1, sizeof *input);
    if (!input)
        return WEFT_ERR_MEMORY;
    input->events = *events;
    input->user = user;
    input->fd = fd;
    input->in_lines = in_lines;
    weft_status status =
        weft_watch_create(loop, fd, WEFT_READABLE, on_readable, input, &input->watch);
    if (status) {
        free(input);
        return status;
    }
    *input_out = input;
    return WEFT_OK;
}

void input_destroy(struct input *input)
{
    if (!input)
        return;
    weft_watch_destroy(input->watch);
    free(input->data);
    free(input);
}
