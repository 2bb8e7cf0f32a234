#include "server/embedded.h"

#include "codec/sha1.h"

#include <stdlib.h>

/* A path in two pieces against a whole one. */
static int compare_pieces(struct weft_text path, struct weft_text name, struct weft_text whole)
{
    size_t common = path.count < whole.count ? path.count : whole.count;
    int order = common ? memcmp(path.data, whole.data, common) : 0;
    if (order || path.count > whole.count)
        return order ? order : 1;
    struct weft_text rest = { whole.data + common, whole.count - common };
    common = name.count < rest.count ? name.count : rest.count;
    order = common ? memcmp(name.data, rest.data, common) : 0;
    return order ? order : (name.count > rest.count) - (name.count < rest.count);
}

static int compare_items(const void *one, const void *other)
{
    return compare_pieces(((const struct wf_embedded *)one)->path, (struct weft_text){ 0 },
                          ((const struct wf_embedded *)other)->path);
}

/* Half of the content's SHA-1: two versions do not share it by chance. */
static void make_etag(struct wf_embedded *item)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t hash[WF_SHA1_BYTES];
    wf_sha1(item->bytes.data, item->bytes.count, hash);
    char *at = item->etag;
    *at++ = '"';
    for (size_t i = 0; i < 16; i++) {
        *at++ = digits[hash[i] >> 4];
        *at++ = digits[hash[i] & 15];
    }
    *at = '"';
}

static bool are_usable(const struct weft_embedded_file *files, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!files[i].path || (!files[i].data && files[i].bytes))
            return false;
    }
    return true;
}

static bool has_twice(const struct wf_embedded_table *table)
{
    for (size_t i = 1; i < table->count; i++) {
        if (compare_items(&table->items[i - 1], &table->items[i]) == 0)
            return true;
    }
    return false;
}

weft_status wf_embedded_fill(struct wf_embedded_table *table,
                             const struct weft_allocator *allocator,
                             const struct weft_embedded_file *files, size_t count)
{
    if (!are_usable(files, count))
        return WEFT_ERR_ARGUMENT;
    size_t bytes = count * sizeof *table->items;
    for (size_t i = 0; i < count; i++)
        bytes += strlen(files[i].path);
    table->items = wf_alloc(allocator, bytes);
    if (!table->items)
        return WEFT_ERR_MEMORY;

    char *at = (char *)(table->items + count);
    for (size_t i = 0; i < count; i++) {
        struct wf_embedded *item = &table->items[i];
        item->path = (struct weft_text){ at, strlen(files[i].path) };
        item->bytes = (struct weft_bytes){ files[i].data, files[i].bytes };
        memcpy(at, files[i].path, item->path.count);
        at += item->path.count;
        make_etag(item);
    }
    table->count = count;
    qsort(table->items, count, sizeof *table->items, compare_items);
    return has_twice(table) ? WEFT_ERR_ARGUMENT : WEFT_OK;
}

void wf_embedded_drop(struct wf_embedded_table *table, const struct weft_allocator *allocator)
{
    wf_free(allocator, table->items);
    *table = (struct wf_embedded_table){ 0 };
}

/* The first item that does not lie before path and name. */
static size_t lower_bound(const struct wf_embedded_table *table, struct weft_text path,
                          struct weft_text name)
{
    size_t low = 0, high = table->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_pieces(path, name, table->items[middle].path) > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct wf_embedded *wf_embedded_find(const struct wf_embedded_table *table,
                                           struct weft_text path, struct weft_text name)
{
    size_t place = lower_bound(table, path, name);
    bool found = place < table->count && compare_pieces(path, name, table->items[place].path) == 0;
    return found ? &table->items[place] : NULL;
}

bool wf_embedded_has_folder(const struct wf_embedded_table *table, struct weft_text path)
{
    size_t place = lower_bound(table, path, WEFT_TEXT_LITERAL("/"));
    if (place == table->count)
        return false;
    struct weft_text found = table->items[place].path;
    return found.count > path.count && found.data[path.count] == '/' &&
           (path.count == 0 || memcmp(found.data, path.data, path.count) == 0);
}
