/* What the program says on stderr: one line each, with nothing in it that could steer a terminal.
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "weft/socket.h"

#include <stdbool.h>
#include <stdio.h>

/* Colours are for people: a terminal that can show them, and NO_COLOR not set. */
bool report_is_coloured(FILE *stream);

/* "weft: <message>". */
void report_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A line about what happens, dimmed on a terminal. */
void report_status(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Why a connection has failed, in one sentence: what each kind of failure knows. */
void report_describe(char *out, size_t out_bytes, const struct weft_failure *failure);

/* Says why a connection could not be opened, or broke after it was open. */
void report_failure(const char *url, bool was_open, const struct weft_failure *failure);

/* Says the same of one that is followed by another attempt, and what was lost with it. */
void report_retry(const char *url, bool was_open, const struct weft_reconnect_event *event);

/* Makes a foreign text harmless: control characters (C0, DEL, C1) become "\xNN", line breaks and
 * tabs stay if `lines_kept`. Writes at most out_bytes with the closing zero and returns how many
 * characters of the text it used. */
size_t report_escape(char *out, size_t out_bytes, struct weft_text text, bool lines_kept);

#endif
