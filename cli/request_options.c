#include "request_options.h"

#include <ctype.h>
#include <string.h>

static bool is_token(struct weft_text text)
{
    for (size_t i = 0; i < text.count; i++)
        if (!isalnum((unsigned char)text.data[i]) &&
            (!text.data[i] || !strchr("!#$%&'*+-.^_`|~", text.data[i])))
            return false;
    return text.count > 0;
}

static struct weft_text trimmed(const char *text)
{
    text += strspn(text, " \t");
    struct weft_text span = { text, strlen(text) };
    while (span.count && strchr(" \t", span.data[span.count - 1]))
        span.count--;
    return span;
}

bool request_has_control(struct weft_text text)
{
    for (size_t i = 0; i < text.count; i++)
        if (text.data[i] != '\t' && iscntrl((unsigned char)text.data[i]))
            return true;
    return false;
}

static const char *owner_of(struct weft_text name)
{
    static const struct {
        const char *name, *owner;
    } owned[] = {
        { "Host", "the URL" },
        { "Origin", "--origin" },
        { "Sec-WebSocket-Protocol", "--protocol" },
        { "Upgrade", "the handshake" },
        { "Connection", "the handshake" },
        { "Sec-WebSocket-Key", "the handshake" },
        { "Sec-WebSocket-Version", "the handshake" },
        { "Sec-WebSocket-Extensions", "the handshake" },
        { "Content-Length", "the handshake" },
        { "Transfer-Encoding", "the handshake" },
    };
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        if (strlen(owned[i].name) == name.count &&
            strncasecmp(owned[i].name, name.data, name.count) == 0)
            return owned[i].owner;
    return NULL;
}

bool request_read_headers(const char *command, const struct args_texts *lines,
                          struct weft_header *headers_out)
{
    for (size_t i = 0; i < lines->count; i++) {
        const char *line = lines->items[i];
        const char *colon = strchr(line, ':');
        struct weft_text name = { line, colon ? (size_t)(colon - line) : 0 };
        if (!colon || !is_token(name) || request_has_control(trimmed(colon + 1))) {
            args_complain(command, "-H %s: expected 'NAME: VALUE'", line);
            return false;
        }
        const char *owner = owner_of(name);
        if (owner) {
            args_complain(command, "-H %s: this header belongs to %s", line, owner);
            return false;
        }
        headers_out[i] = (struct weft_header){ name, trimmed(colon + 1) };
    }
    return true;
}

bool request_check_protocols(const char *command, const struct args_texts *protocols)
{
    for (size_t i = 0; i < protocols->count; i++) {
        if (!is_token(weft_text_of(protocols->items[i]))) {
            args_complain(command, "--protocol %s: a name has no spaces or separators",
                          protocols->items[i]);
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(protocols->items[i], protocols->items[j]) == 0) {
                args_complain(command, "--protocol %s is given twice", protocols->items[i]);
                return false;
            }
        }
    }
    return true;
}
