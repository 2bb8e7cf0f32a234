#include "report.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES_MAX = 2048, ESCAPE_BYTES = 4, ANSWER_TEXT_MAX = 200 };

bool report_is_coloured(FILE *stream)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return !(no_color && *no_color) && term && strcmp(term, "dumb") != 0 && isatty(fileno(stream));
}

/* The bytes of a control character at the head of `text`; 0: it is none. C1 in UTF-8 is C2 80 to C2
 * 9F. */
static size_t control_bytes(const unsigned char *text, size_t bytes)
{
    if (text[0] < 0x20 || text[0] == 0x7F)
        return 1;
    return bytes > 1 && text[0] == 0xC2 && text[1] >= 0x80 && text[1] < 0xA0 ? 2 : 0;
}

size_t report_escape(char *out, size_t out_bytes, struct weft_text text, bool lines_kept)
{
    const unsigned char *in = (const unsigned char *)text.data;
    size_t used = 0;
    size_t written = 0;

    while (used < text.count && written + ESCAPE_BYTES < out_bytes) {
        bool is_kept = lines_kept && (in[used] == '\n' || in[used] == '\t');
        size_t control = is_kept ? 0 : control_bytes(in + used, text.count - used);
        if (control) {
            written += (size_t)snprintf(out + written, out_bytes - written, "\\x%02x",
                                        in[used + control - 1]);
            used += control;
        } else {
            out[written++] = text.data[used++];
        }
    }
    if (out_bytes)
        out[written] = '\0';
    return used;
}

static void write_line(const char *colour, const char *prefix, const char *format,
                       va_list arguments)
{
    char raw[LINE_BYTES_MAX];
    char line[LINE_BYTES_MAX];
    vsnprintf(raw, sizeof raw, format, arguments);
    report_escape(line, sizeof line, weft_text_of(raw), false);

    if (report_is_coloured(stderr))
        fprintf(stderr, "\033[%sm%s%s\033[0m\n", colour, prefix, line);
    else
        fprintf(stderr, "%s%s\n", prefix, line);
}

void report_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line("31", "weft: ", format, arguments);
    va_end(arguments);
}

void report_status(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line("2", "", format, arguments);
    va_end(arguments);
}

/* The first line of a refusal's body says why, when the body is text at all. */
static struct weft_text first_line(const struct weft_http_answer *answer)
{
    const struct weft_header *type = weft_headers_find(answer->headers, "Content-Type", NULL);
    if (!type || type->value.count < 10 || strncasecmp(type->value.data, "text/plain", 10) != 0)
        return (struct weft_text){ 0 };

    struct weft_text line = { (const char *)answer->body.data, 0 };
    while (line.count < answer->body.count && line.count < ANSWER_TEXT_MAX &&
           line.data[line.count] != '\n' && line.data[line.count] != '\r')
        line.count++;
    return line;
}

static struct weft_text location_of(const struct weft_http_answer *answer)
{
    const struct weft_header *field = weft_headers_find(answer->headers, "Location", NULL);
    bool is_redirect = answer->status >= 300 && answer->status <= 399;
    return field && is_redirect ? field->value : (struct weft_text){ 0 };
}

static void describe_answer(char *out, size_t out_bytes, const struct weft_http_answer *answer)
{
    struct weft_text to = location_of(answer);
    struct weft_text why = to.count ? to : first_line(answer);
    const char *between = to.count ? " to " : why.count ? ": " : "";
    snprintf(out, out_bytes, "handshake refused: HTTP %d%s%.*s%s%.*s%s", answer->status,
             answer->reason.count ? " " : "", (int)answer->reason.count,
             answer->reason.count ? answer->reason.data : "", between, (int)why.count,
             why.count ? why.data : "", to.count ? " (--follow goes there)" : "");
}

/* A redirect that was not followed, though redirects are. */
static void describe_redirect(char *out, size_t out_bytes, const struct weft_failure *failure)
{
    struct weft_text to = location_of(&failure->http);
    if (failure->limit_name)
        snprintf(out, out_bytes, "%s (--follow is %llu)", failure->text,
                 (unsigned long long)failure->limit);
    else
        snprintf(out, out_bytes, "%s (HTTP %d%s%.*s)", failure->text, failure->http.status,
                 to.count ? " to " : "", (int)to.count, to.count ? to.data : "");
}

/* What a person at a command line can change has a name of its own there. */
static const char *option_of(const char *limit_name)
{
    return strcmp(limit_name, "message_bytes_max") == 0 ? "--max-message" : limit_name;
}

void report_describe(char *out, size_t out_bytes, const struct weft_failure *failure)
{
    int status = failure->http.status;
    bool is_refused = failure->kind == WEFT_FAILURE_HANDSHAKE && status && status != 101;
    if (is_refused && failure->rule)
        describe_answer(out, out_bytes, &failure->http);
    else if (is_refused)
        describe_redirect(out, out_bytes, failure);
    else if (failure->system_error)
        snprintf(out, out_bytes, "%s: %s", failure->text, strerror(failure->system_error));
    else if (failure->kind == WEFT_FAILURE_LIMIT && failure->limit_name)
        snprintf(out, out_bytes, "%s (%s is %llu)", failure->text, option_of(failure->limit_name),
                 (unsigned long long)failure->limit);
    else if (failure->kind == WEFT_FAILURE_TIMEOUT && failure->limit)
        snprintf(out, out_bytes, "%s (after %g s)", failure->text, (double)failure->limit / 1000);
    else if (failure->rule)
        snprintf(out, out_bytes, "%s (%s)", failure->text, failure->rule);
    else
        snprintf(out, out_bytes, "%s", failure->text);
}

void report_failure(const char *url, bool was_open, const struct weft_failure *failure)
{
    char why[LINE_BYTES_MAX / 2];
    if (failure)
        report_describe(why, sizeof why, failure);
    else
        snprintf(why, sizeof why, "the connection ended without a Close frame");
    report_error(was_open ? "the connection to %s failed: %s" : "cannot connect to %s: %s", url,
                 why);
}

void report_retry(const char *url, bool was_open, const struct weft_reconnect_event *event)
{
    char why[LINE_BYTES_MAX / 2], lost[64] = "";
    if (event->close.failure)
        report_describe(why, sizeof why, event->close.failure);
    else
        snprintf(why, sizeof why, "closed with %d%s%s", event->close.code,
                 event->close.reason_bytes ? " " : "", event->close.reason);
    if (event->dropped_bytes)
        snprintf(lost, sizeof lost, ", %llu bytes were not sent",
                 (unsigned long long)event->dropped_bytes);
    report_status("%s %s: %s%s; attempt %u in %.1f s", was_open ? "lost" : "cannot connect to", url,
                  why, lost, event->attempt, (double)event->delay_ms / 1000);
}
