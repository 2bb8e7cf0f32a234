/* The names of a chat: which texts are names, and which are in use. Pure. */
#ifndef CLI_CHAT_NAMES_H
#define CLI_CHAT_NAMES_H

#include <stdbool.h>
#include <stddef.h>

enum {
    CHAT_NAME_CHARACTERS_MAX = 32, /* Unicode code points. */
    CHAT_NAME_BYTES_MAX = 4 * CHAT_NAME_CHARACTERS_MAX,
};

/* A name as it is shown, and as it is compared: without regard to the case of ASCII letters. */
struct chat_name {
    char text[CHAT_NAME_BYTES_MAX + 1];
    char key[CHAT_NAME_BYTES_MAX + 1];
};

enum chat_name_verdict {
    CHAT_NAME_GOOD,
    CHAT_NAME_EMPTY,
    CHAT_NAME_LONG,
    CHAT_NAME_UNPRINTABLE, /* Controls, line separators, bidi overrides, invisible characters. */
};

/* The code points of a UTF-8 text. */
size_t chat_count_characters(const char *text, size_t bytes);

/* Trims a UTF-8 text and checks whether it is a name. *name_out is filled for CHAT_NAME_GOOD. */
enum chat_name_verdict chat_name_of(struct chat_name *name_out, const char *text, size_t bytes);

/* The names in use. Zero-filled: none. */
struct chat_names {
    void *tree;
    size_t count;
};

/* false: no memory. The name must not be taken, and stays the caller's, in place until its removal.
 */
bool chat_names_add(struct chat_names *names, struct chat_name *name);
void chat_names_remove(struct chat_names *names, const struct chat_name *name);
bool chat_names_has(const struct chat_names *names, const struct chat_name *name);

/* Makes a taken name free by a number at its end: "anna" becomes "anna2". */
void chat_names_make_free(const struct chat_names *names, struct chat_name *name);

#endif
