#include "output.h"

#include "report.h"

#include <errno.h>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CHUNK_BYTES = 4096, HEX_BYTES_MAX = 32 };

/* Somebody else may have made the descriptor non-blocking. */
static bool wait_until_writable(int fd)
{
    struct pollfd writable = { .fd = fd, .events = POLLOUT };
    return poll(&writable, 1, -1) > 0;
}

static bool write_all(int fd, const char *data, size_t bytes)
{
    while (bytes) {
        ssize_t written = write(fd, data, bytes);
        if (written < 0 && errno == EAGAIN && wait_until_writable(fd))
            continue;
        if (written < 0)
            return false;
        data += written;
        bytes -= (size_t)written;
    }
    return true;
}

/* A short line leaves with its end in one call, so that two writers to one pipe do not mix. */
static bool write_line(int fd, const char *data, size_t bytes)
{
    struct iovec parts[] = { { .iov_base = (void *)data, .iov_len = bytes },
                             { .iov_base = "\n", .iov_len = 1 } };
    ssize_t written = writev(fd, parts, 2);
    if (written < 0 && errno != EAGAIN)
        return false;
    size_t done = written < 0 ? 0 : (size_t)written;
    if (done < bytes && !write_all(fd, data + done, bytes - done))
        return false;
    return done > bytes || write_all(fd, "\n", 1);
}

static bool show_text(const struct output *output, const struct weft_message_event *message)
{
    struct weft_text rest = { message->data, message->bytes };
    char chunk[CHUNK_BYTES];
    bool is_fine = write_all(output->fd, output->mark, strlen(output->mark));
    while (is_fine && rest.count) {
        size_t used = report_escape(chunk, sizeof chunk, rest, true);
        is_fine = write_all(output->fd, chunk, strlen(chunk));
        rest.data += used;
        rest.count -= used;
    }
    return is_fine && write_all(output->fd, "\n", 1);
}

static bool show_binary(const struct output *output, const struct weft_message_event *message)
{
    char line[CHUNK_BYTES];
    const unsigned char *data = message->data;
    size_t shown = message->bytes < HEX_BYTES_MAX ? message->bytes : HEX_BYTES_MAX;
    int used = snprintf(line, sizeof line, "%s[binary %zu bytes]", output->mark, message->bytes);
    for (size_t i = 0; i < shown; i++)
        used += snprintf(line + used, sizeof line - (size_t)used, " %02x", data[i]);
    snprintf(line + used, sizeof line - (size_t)used, "%s\n", shown < message->bytes ? " ..." : "");
    return write_all(output->fd, line, strlen(line));
}

bool output_message(const struct output *output, const struct weft_message_event *message)
{
    if (output->is_terminal)
        return message->type == WEFT_TEXT ? show_text(output, message)
                                          : show_binary(output, message);
    if (output->is_raw || message->type == WEFT_BINARY)
        return write_all(output->fd, message->data, message->bytes);
    return write_line(output->fd, message->data, message->bytes);
}
