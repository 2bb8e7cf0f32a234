#include "server/route.h"

#include "codec/percent.h"
#include "codec/utf8.h"

#include <assert.h>

struct wf_route_node {
    struct weft_text literal;
    struct wf_route_node **children; /* Sorted by their literals. */
    size_t child_count;
    struct wf_route_node *parameter; /* Below ":name", whatever the name. */
    struct wf_route_entry *entry;    /* The pattern that ends here. */
    struct wf_route_entry *wildcard; /* The pattern that ends here with "*". */
};

/* ---- paths ---- */

static bool is_utf8(struct weft_text text)
{
    return wf_utf8_is_valid(text.data, text.count);
}

/* The first segment of `*rest`, which begins with a slash and is moved behind the segment; its
 * count becomes 0 behind the last one. */
static struct weft_text take_segment(struct weft_text *rest)
{
    const char *begin = rest->data + 1;
    const char *slash = memchr(begin, '/', rest->count - 1);
    struct weft_text segment = { begin, slash ? (size_t)(slash - begin) : rest->count - 1 };
    rest->data = begin + segment.count;
    rest->count -= segment.count + 1;
    return segment;
}

weft_status wf_route_path_parse(struct wf_route_path *path_out, struct weft_text raw, char *out)
{
    if (raw.count == 0 || raw.data[0] != '/')
        return WEFT_ERR_SYNTAX;
    if (raw.count > WF_ROUTE_PATH_BYTES_MAX)
        return WEFT_ERR_LIMIT;

    size_t written = 0, decoded;
    path_out->count = 0;
    while (raw.count) {
        struct weft_text segment = take_segment(&raw);
        if (path_out->count == WF_ROUTE_SEGMENTS_MAX)
            return WEFT_ERR_LIMIT;
        out[written++] = '/';
        if (!wf_percent_decode(segment, out + written, &decoded))
            return WEFT_ERR_SYNTAX;
        path_out->segments[path_out->count++] = (struct weft_text){ out + written, decoded };
        written += decoded;
    }
    path_out->text = (struct weft_text){ out, written };
    if (memchr(out, '\0', written) || !is_utf8(path_out->text))
        return WEFT_ERR_SYNTAX;
    return WEFT_OK;
}

/* ---- patterns ---- */

enum segment_kind { SEGMENT_LITERAL, SEGMENT_PARAMETER, SEGMENT_WILDCARD };

static enum segment_kind kind_of(struct weft_text segment)
{
    if (segment.count && segment.data[0] == ':')
        return SEGMENT_PARAMETER;
    return segment.count == 1 && segment.data[0] == '*' ? SEGMENT_WILDCARD : SEGMENT_LITERAL;
}

static bool same_text(struct weft_text one, struct weft_text other)
{
    return one.count == other.count &&
           (one.count == 0 || memcmp(one.data, other.data, one.count) == 0);
}

static bool is_name(struct weft_text name)
{
    for (size_t i = 0; i < name.count; i++) {
        char c = name.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!is_letter && !(c >= '0' && c <= '9'))
            return false;
    }
    return name.count > 0;
}

static bool is_literal(struct weft_text literal)
{
    for (size_t i = 0; i < literal.count; i++) {
        unsigned char c = (unsigned char)literal.data[i];
        if (c < ' ' || c == 0x7F || c == '*' || c == '?' || c == '#')
            return false;
    }
    return is_utf8(literal);
}

static bool add_param(struct wf_route_entry *entry, struct weft_text name)
{
    if (!is_name(name) || entry->param_count == WF_ROUTE_PARAMS_MAX)
        return false;
    for (size_t i = 0; i < entry->param_count; i++) {
        if (same_text(entry->params[i].name, name))
            return false;
    }
    entry->params[entry->param_count++] = (struct wf_route_param){ name, entry->segment_count };
    return true;
}

/* Reads entry->pattern into the entry. */
static bool read_pattern(struct wf_route_entry *entry, size_t bytes)
{
    struct weft_text rest = { entry->pattern, bytes };
    if (bytes == 0 || entry->pattern[0] != '/')
        return false;
    while (rest.count) {
        struct weft_text segment = take_segment(&rest);
        if (entry->segment_count == WF_ROUTE_SEGMENTS_MAX)
            return false;
        switch (kind_of(segment)) {
        case SEGMENT_WILDCARD:
            entry->is_wildcard = true;
            return rest.count == 0;
        case SEGMENT_PARAMETER:
            if (!add_param(entry, (struct weft_text){ segment.data + 1, segment.count - 1 }))
                return false;
            break;
        case SEGMENT_LITERAL:
            if (!is_literal(segment))
                return false;
            break;
        }
        entry->segment_count++;
    }
    return true;
}

/* ---- the tree ---- */

static int compare(struct weft_text one, struct weft_text other)
{
    size_t common = one.count < other.count ? one.count : other.count;
    int order = common ? memcmp(one.data, other.data, common) : 0;
    return order ? order : (one.count > other.count) - (one.count < other.count);
}

/* The place of a literal among the children, or where it belongs. */
static size_t place_of(const struct wf_route_node *node, struct weft_text literal, bool *found_out)
{
    size_t low = 0, high = node->child_count;
    *found_out = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(literal, node->children[middle]->literal);
        if (order == 0) {
            *found_out = true;
            return middle;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static struct wf_route_node *create_node(const struct weft_allocator *allocator,
                                         struct weft_text literal)
{
    struct wf_route_node *node = wf_alloc_zero(allocator, sizeof *node + literal.count);
    if (!node)
        return NULL;
    if (literal.count)
        memcpy(node + 1, literal.data, literal.count);
    node->literal = (struct weft_text){ (char *)(node + 1), literal.count };
    return node;
}

static struct wf_route_node *need_child(const struct weft_allocator *allocator,
                                        struct wf_route_node *node, struct weft_text literal)
{
    bool found;
    size_t place = place_of(node, literal, &found);
    if (found)
        return node->children[place];

    struct wf_route_node **children =
        wf_resize(allocator, node->children, (node->child_count + 1) * sizeof *children);
    if (!children)
        return NULL;
    node->children = children;
    struct wf_route_node *child = create_node(allocator, literal);
    if (!child)
        return NULL;
    memmove(children + place + 1, children + place, (node->child_count - place) * sizeof *children);
    children[place] = child;
    node->child_count++;
    return child;
}

/* The node where a pattern ends. Nodes without an entry that a failure leaves behind do no harm. */
static struct wf_route_node *need_node(struct wf_route_table *table, struct weft_text pattern)
{
    if (!table->root)
        table->root = create_node(table->allocator, (struct weft_text){ 0 });
    struct wf_route_node *node = table->root;
    while (node && pattern.count) {
        struct weft_text segment = take_segment(&pattern);
        enum segment_kind kind = kind_of(segment);
        if (kind == SEGMENT_WILDCARD)
            break;
        if (kind == SEGMENT_LITERAL) {
            node = need_child(table->allocator, node, segment);
            continue;
        }
        if (!node->parameter)
            node->parameter = create_node(table->allocator, (struct weft_text){ 0 });
        node = node->parameter;
    }
    return node;
}

static bool has_same_names(const struct wf_route_entry *one, const struct wf_route_entry *other)
{
    assert(one->param_count == other->param_count);
    for (size_t i = 0; i < one->param_count; i++) {
        if (!same_text(one->params[i].name, other->params[i].name))
            return false;
    }
    return true;
}

/* Puts the entry into the tree, or finds the one that is there. */
static weft_status place_entry(struct wf_route_table *table, struct weft_text pattern,
                               struct wf_route_entry *entry, struct wf_route_entry **entry_out)
{
    struct wf_route_node *node = need_node(table, pattern);
    if (!node)
        return WEFT_ERR_MEMORY;
    struct wf_route_entry **place = entry->is_wildcard ? &node->wildcard : &node->entry;
    if (*place && !has_same_names(*place, entry))
        return WEFT_ERR_EXISTS;
    if (!*place) {
        *place = entry;
        entry->next = table->entries;
        table->entries = entry;
    }
    *entry_out = *place;
    return WEFT_OK;
}

weft_status wf_route_add(struct wf_route_table *table, struct weft_text pattern,
                         struct wf_route_entry **entry_out)
{
    if (pattern.count > WF_ROUTE_PATTERN_BYTES_MAX)
        return WEFT_ERR_SYNTAX;
    struct wf_route_entry *entry =
        wf_alloc_zero(table->allocator, sizeof *entry + pattern.count + 1);
    if (!entry)
        return WEFT_ERR_MEMORY;
    if (pattern.count)
        memcpy(entry->pattern, pattern.data, pattern.count);

    *entry_out = NULL;
    weft_status status = read_pattern(entry, pattern.count) ? WEFT_OK : WEFT_ERR_SYNTAX;
    if (!status)
        status = place_entry(table, pattern, entry, entry_out);
    if (*entry_out != entry)
        wf_free(table->allocator, entry);
    return status;
}

/* A node of a tree is reached on one way only, so the whole search visits no node twice. */
static const struct wf_route_entry *find_below(const struct wf_route_node *node,
                                               const struct wf_route_path *path, size_t depth)
{
    if (depth == path->count)
        return node->entry;

    bool found;
    const struct wf_route_entry *entry = NULL;
    size_t place = place_of(node, path->segments[depth], &found);
    if (found)
        entry = find_below(node->children[place], path, depth + 1);
    if (!entry && node->parameter && path->segments[depth].count > 0)
        entry = find_below(node->parameter, path, depth + 1);
    return entry ? entry : node->wildcard;
}

const struct wf_route_entry *wf_route_find(const struct wf_route_table *table,
                                           const struct wf_route_path *path)
{
    return table->root ? find_below(table->root, path, 0) : NULL;
}

struct weft_text wf_route_rest(const struct wf_route_entry *entry, const struct wf_route_path *path)
{
    assert(entry->is_wildcard && entry->segment_count < path->count);
    const char *begin = path->segments[entry->segment_count].data;
    return (struct weft_text){ begin, (size_t)(path->text.data + path->text.count - begin) };
}

static void drop_node(const struct weft_allocator *allocator, struct wf_route_node *node)
{
    if (!node)
        return;
    for (size_t i = 0; i < node->child_count; i++)
        drop_node(allocator, node->children[i]);
    drop_node(allocator, node->parameter);
    wf_free(allocator, node->children);
    wf_free(allocator, node);
}

void wf_route_drop(struct wf_route_table *table)
{
    drop_node(table->allocator, table->root);
    while (table->entries) {
        struct wf_route_entry *entry = table->entries;
        table->entries = entry->next;
        wf_free(table->allocator, entry);
    }
    table->root = NULL;
}
