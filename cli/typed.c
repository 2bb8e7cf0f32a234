#include "typed.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const char *const typed_help[] = {
    "  text                   sends a text message",
    "  //text                 sends a text that begins with a slash",
    "  /binary 48 65 78       sends bytes, given in hexadecimal",
    "  /ping [text]           sends a ping and tells when its pong comes",
    "  /close [code [reason]] closes the connection: 1000 or 3000 to 4999",
    "  Ctrl-D                 closes the connection",
};
const size_t typed_help_count = sizeof typed_help / sizeof *typed_help;

static struct typed wrong(const char *problem)
{
    return (struct typed){ .kind = TYPED_WRONG, .problem = problem };
}

static struct typed payload(enum typed_kind kind, const char *data)
{
    return (struct typed){ .kind = kind, .data = data, .bytes = strlen(data) };
}

static int hex_value(char digit)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = digit ? strchr(digits, tolower((unsigned char)digit)) : NULL;
    return found ? (int)(found - digits) : -1;
}

/* "48 65 78" or "486578"; two digits become one byte in place. */
static struct typed parse_binary(char *digits)
{
    char *out = digits;
    for (const char *in = digits; *in;) {
        if (isspace((unsigned char)*in)) {
            in++;
            continue;
        }
        int high = hex_value(in[0]);
        int low = high < 0 ? -1 : hex_value(in[1]);
        if (low < 0)
            return wrong("/binary needs pairs of hexadecimal digits, such as /binary 48 65 78");
        *out++ = (char)(high << 4 | low);
        in += 2;
    }
    return (struct typed){ .kind = TYPED_BINARY, .data = digits, .bytes = (size_t)(out - digits) };
}

static struct typed parse_ping(char *text)
{
    struct typed typed = payload(TYPED_PING, text);
    return typed.bytes <= 125 ? typed : wrong("a ping holds at most 125 bytes");
}

/* Which codes and reasons may be sent, the socket knows. */
static struct typed parse_close(char *text)
{
    if (!*text)
        return (struct typed){ .kind = TYPED_CLOSE };
    char *rest;
    unsigned long code = strtoul(text, &rest, 10);
    if (!isdigit((unsigned char)*text) || (*rest && !isspace((unsigned char)*rest)) || code == 0 ||
        code > 4999)
        return wrong("expected /close, /close 1000 or /close 4000 with a reason");
    while (isspace((unsigned char)*rest))
        rest++;
    return (
        struct typed){ .kind = TYPED_CLOSE, .code = (uint16_t)code, .reason = *rest ? rest : NULL };
}

static struct typed parse_help(char *text)
{
    return payload(TYPED_HELP, text);
}

struct typed typed_parse(char *line)
{
    static const struct {
        const char *name;
        struct typed (*parse)(char *arguments);
    } commands[] = {
        { "binary", parse_binary },
        { "ping", parse_ping },
        { "close", parse_close },
        { "help", parse_help },
    };
    if (!*line)
        return (struct typed){ .kind = TYPED_NOTHING };
    if (line[0] != '/')
        return payload(TYPED_TEXT, line);
    if (line[1] == '/')
        return payload(TYPED_TEXT, line + 1);

    size_t name_bytes = strcspn(line + 1, " \t");
    char *arguments = line + 1 + name_bytes;
    arguments += strspn(arguments, " \t");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strlen(commands[i].name) == name_bytes &&
            memcmp(commands[i].name, line + 1, name_bytes) == 0)
            return commands[i].parse(arguments);
    return wrong("this command is not known: /help lists them, // begins a text with a slash");
}
