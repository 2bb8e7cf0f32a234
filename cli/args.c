#include "args.h"

#include "report.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { COMPLAINT_BYTES_MAX = 1024, HELP_COLUMN = 27 };

enum cli_status args_complain(const char *command, const char *format, ...)
{
    char text[COMPLAINT_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (command)
        report_error("%s (see weft %s --help)", text, command);
    else
        report_error("%s (see weft --help)", text);
    return CLI_USAGE;
}

/* ---- values ---- */

/* A number that begins with a digit: strtoull alone would take "-1" and " 1". */
static bool read_number(const char *text, uint64_t *number_out, const char **rest_out)
{
    if (!isdigit((unsigned char)*text))
        return false;
    char *rest;
    errno = 0;
    *number_out = strtoull(text, &rest, 10);
    *rest_out = rest;
    return errno == 0;
}

static bool read_suffix(const char *text, unsigned *shift_out)
{
    static const struct {
        const char *suffix;
        unsigned shift;
    } suffixes[] = { { "", 0 }, { "k", 10 }, { "K", 10 }, { "M", 20 }, { "G", 30 } };

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        if (strcmp(text, suffixes[i].suffix) == 0) {
            *shift_out = suffixes[i].shift;
            return true;
        }
    }
    return false;
}

bool args_read_bytes(const char *text, uint64_t *bytes_out)
{
    uint64_t number;
    const char *rest;
    unsigned shift;
    if (!read_number(text, &number, &rest) || !read_suffix(rest, &shift))
        return false;
    /* The largest value means "no limit" to the library; nobody types it by accident. */
    if (number == 0 || number > (UINT64_MAX >> shift) - 1)
        return false;
    *bytes_out = number << shift;
    return true;
}

bool args_read_count(const char *text, uint32_t *count_out)
{
    uint64_t number;
    const char *rest;
    if (!read_number(text, &number, &rest) || *rest || number == 0 || number > UINT32_MAX)
        return false;
    *count_out = (uint32_t)number;
    return true;
}

bool args_read_seconds(const char *text, uint32_t *ms_out)
{
    uint64_t seconds;
    const char *rest;
    if (!read_number(text, &seconds, &rest) || seconds > UINT32_MAX / 1000 - 1)
        return false;

    uint32_t ms = (uint32_t)seconds * 1000;
    if (*rest == '.') {
        rest++;
        for (uint32_t unit = 100; isdigit((unsigned char)*rest); rest++, unit /= 10)
            ms += unit * (uint32_t)(*rest - '0');
    }
    *ms_out = ms;
    return *rest == '\0';
}

/* ---- --help ---- */

static void print_option(const struct args_option *option)
{
    char left[64];
    snprintf(left, sizeof left, "%c%c%s--%s%s%s", option->letter ? '-' : ' ',
             option->letter ? option->letter : ' ', option->letter ? ", " : "  ", option->name,
             option->value_name ? " " : "", option->value_name ? option->value_name : "");
    printf("  %-*s  ", HELP_COLUMN, left);

    /* A line break in the help text goes on in the same column. */
    const char *line = option->help;
    for (const char *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
        printf("%.*s\n%*s", (int)(end - line), line, HELP_COLUMN + 4, "");
    printf("%s\n", line);
}

static void print_help(const struct args_table *table)
{
    printf("usage: weft %s %s\n\n%s\n\n", table->command, table->synopsis, table->summary);
    for (size_t i = 0; i < table->option_count; i++)
        print_option(&table->options[i]);
    printf("      --%-*s  this text\n", HELP_COLUMN - 6, "help");
    if (table->details)
        printf("\n%s\n", table->details);
}

/* ---- options ---- */

static const char *expectation(enum args_kind kind)
{
    switch (kind) {
    case ARGS_BYTES:
        return "a number of bytes, such as 65536, 64k or 16M";
    case ARGS_COUNT:
        return "a number from 1 on";
    case ARGS_SECONDS:
        return "seconds, such as 20 or 0.5";
    default:
        return "a value";
    }
}

static bool add_text(struct args_texts *texts, const char *text)
{
    if (texts->count == ARGS_TEXTS_MAX)
        return false;
    texts->items[texts->count++] = text;
    return true;
}

static bool read_value(const struct args_option *option, const char *value)
{
    struct args_seconds *seconds = option->target;
    switch (option->kind) {
    case ARGS_FLAG:
        *(bool *)option->target = true;
        return true;
    case ARGS_TEXT:
        *(const char **)option->target = value;
        return true;
    case ARGS_TEXTS:
        return add_text(option->target, value);
    case ARGS_BYTES:
        return args_read_bytes(value, option->target);
    case ARGS_COUNT:
        return args_read_count(value, option->target);
    case ARGS_SECONDS:
        seconds->given = true;
        return args_read_seconds(value, &seconds->ms);
    }
    return false;
}

static const struct args_option *find_long(const struct args_table *table, const char *name,
                                           size_t bytes)
{
    for (size_t i = 0; i < table->option_count; i++) {
        const struct args_option *option = &table->options[i];
        if (strlen(option->name) == bytes && memcmp(option->name, name, bytes) == 0)
            return option;
    }
    return NULL;
}

static const struct args_option *find_letter(const struct args_table *table, char letter)
{
    for (size_t i = 0; i < table->option_count; i++)
        if (table->options[i].letter == letter)
            return &table->options[i];
    return NULL;
}

/* One option: "--name", "--name=value", "--name value", "-Nvalue" or "-N value". Moves *argument to
 * its last word. */
static bool parse_option(const struct args_table *table, char ***argument)
{
    const char *word = **argument;
    bool is_long = word[1] == '-';
    const char *equals = is_long ? strchr(word, '=') : NULL;
    size_t bytes = equals ? (size_t)(equals - word) : is_long ? strlen(word) : 2;
    const struct args_option *option =
        is_long ? find_long(table, word + 2, bytes - 2) : find_letter(table, word[1]);
    if (!option) {
        args_complain(table->command, "unknown option %.*s", (int)bytes, word);
        return false;
    }

    const char *value = equals ? equals + 1 : word[bytes] ? word + bytes : NULL;
    if (option->kind == ARGS_FLAG && value) {
        args_complain(table->command, "--%s takes no value", option->name);
        return false;
    }
    if (option->kind != ARGS_FLAG && !value && !(value = *++*argument)) {
        args_complain(table->command, "--%s needs a value: %s", option->name, option->value_name);
        return false;
    }
    if (!read_value(option, value)) {
        if (option->kind == ARGS_TEXTS)
            args_complain(table->command, "--%s is given more than %d times", option->name,
                          ARGS_TEXTS_MAX);
        else
            args_complain(table->command, "--%s %s: expected %s", option->name, value,
                          expectation(option->kind));
        return false;
    }
    return true;
}

static bool parse_operand(struct args_table *table, const char *word)
{
    if (table->operand_count == table->operand_max) {
        args_complain(table->command, "unexpected argument %s", word);
        return false;
    }
    table->operands[table->operand_count++] = word;
    return true;
}

enum args_outcome args_parse(struct args_table *table, int argc, char **argv)
{
    (void)argc; /* argv ends with a NULL. */
    bool options_ended = false;
    for (char **argument = argv + 1; *argument; argument++) {
        const char *word = *argument;
        bool is_option = !options_ended && word[0] == '-' && word[1];
        if (is_option && strcmp(word, "--") == 0) {
            options_ended = true;
        } else if (is_option && strcmp(word, "--help") == 0) {
            print_help(table);
            return ARGS_HELP_SHOWN;
        } else if (!(is_option ? parse_option(table, &argument) : parse_operand(table, word))) {
            return ARGS_WRONG;
        }
    }
    return ARGS_GO_ON;
}
