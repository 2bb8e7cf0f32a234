#include "chat_names.h"

#include <ctype.h>
#include <search.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* ---- characters ---- */

/* The code point at the head of a UTF-8 text that is known to be valid. */
static uint32_t next_character(const char **text, const char *end)
{
    unsigned char first = (unsigned char)*(*text)++;
    if (first < 0xC0)
        return first;
    uint32_t character = first < 0xE0 ? first & 0x1Fu : first < 0xF0 ? first & 0x0Fu : first & 7u;
    while (*text < end && ((unsigned char)**text & 0xC0) == 0x80)
        character = character << 6 | ((unsigned char)*(*text)++ & 0x3Fu);
    return character;
}

size_t chat_count_characters(const char *text, size_t bytes)
{
    size_t count = 0;
    for (size_t i = 0; i < bytes; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

struct character_range {
    uint32_t first, last;
};

static bool is_in(uint32_t character, const struct character_range *ranges, size_t range_count)
{
    for (size_t i = 0; i < range_count; i++)
        if (character >= ranges[i].first && character <= ranges[i].last)
            return true;
    return false;
}

static bool is_space(uint32_t character)
{
    static const struct character_range spaces[] = {
        { '\t', '\r' }, { ' ', ' ' }, { 0xA0, 0xA0 }, { 0x2000, 0x200A }, { 0x3000, 0x3000 },
    };
    return is_in(character, spaces, sizeof spaces / sizeof *spaces);
}

/* What would let one name look like another, or turn around the line it stands in. The joiners
 * U+200C and U+200D stay: Persian and family emoji need them. */
static bool is_unprintable(uint32_t character)
{
    static const struct character_range ranges[] = {
        { 0x00, 0x1F },     { 0x7F, 0x9F },     { 0xAD, 0xAD },       { 0x61C, 0x61C },
        { 0x200B, 0x200B }, { 0x200E, 0x200F }, { 0x2028, 0x202E },   { 0x2060, 0x206F },
        { 0xFEFF, 0xFEFF }, { 0xFFF9, 0xFFFB }, { 0xE0000, 0xE0FFF },
    };
    return is_in(character, ranges, sizeof ranges / sizeof *ranges);
}

/* ---- one name ---- */

static void trim(const char **text, const char **end)
{
    const char *first = NULL;
    const char *last = *text;
    for (const char *at = *text; at < *end;) {
        const char *begin = at;
        if (is_space(next_character(&at, *end)))
            continue;
        first = first ? first : begin;
        last = at;
    }
    *text = first ? first : last;
    *end = last;
}

static void fill_key(struct chat_name *name)
{
    size_t i = 0;
    for (; name->text[i]; i++)
        name->key[i] = isascii(name->text[i]) ? (char)tolower(name->text[i]) : name->text[i];
    name->key[i] = '\0';
}

enum chat_name_verdict chat_name_of(struct chat_name *name_out, const char *text, size_t bytes)
{
    const char *end = text + bytes;
    trim(&text, &end);
    if (text == end)
        return CHAT_NAME_EMPTY;
    if (chat_count_characters(text, (size_t)(end - text)) > CHAT_NAME_CHARACTERS_MAX)
        return CHAT_NAME_LONG;
    for (const char *at = text; at < end;)
        if (is_unprintable(next_character(&at, end)))
            return CHAT_NAME_UNPRINTABLE;

    memcpy(name_out->text, text, (size_t)(end - text));
    name_out->text[end - text] = '\0';
    fill_key(name_out);
    return CHAT_NAME_GOOD;
}

/* ---- the names in use ---- */

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const struct chat_name *)a)->key, ((const struct chat_name *)b)->key);
}

bool chat_names_add(struct chat_names *names, struct chat_name *name)
{
    if (!tsearch(name, &names->tree, compare_keys))
        return false;
    names->count++;
    return true;
}

void chat_names_remove(struct chat_names *names, const struct chat_name *name)
{
    if (tdelete(name, &names->tree, compare_keys))
        names->count--;
}

bool chat_names_has(const struct chat_names *names, const struct chat_name *name)
{
    return tfind(name, &names->tree, compare_keys) != NULL;
}

/* Cuts a text to so many code points. */
static void cut(char *text, size_t characters_max)
{
    size_t characters = 0;
    for (; *text; text++)
        if (((unsigned char)*text & 0xC0) != 0x80 && characters++ == characters_max)
            break;
    *text = '\0';
}

void chat_names_make_free(const struct chat_names *names, struct chat_name *name)
{
    struct chat_name base = *name;
    /* One of count + 1 different names is free. */
    for (size_t number = 2; chat_names_has(names, name); number++) {
        char digits[24];
        int digit_count = snprintf(digits, sizeof digits, "%zu", number);
        *name = base;
        cut(name->text, CHAT_NAME_CHARACTERS_MAX - (size_t)digit_count);
        memcpy(name->text + strlen(name->text), digits, (size_t)digit_count + 1);
        fill_key(name);
    }
}
