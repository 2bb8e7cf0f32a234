#include "codec/huffman.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

/* A symbol below, how often it comes above: numbers that sort. */
enum { SYMBOL_BITS = 9, SYMBOL_MASK = (1 << SYMBOL_BITS) - 1 };

struct leaves {
    uint32_t used[WF_HUFFMAN_SYMBOLS_MAX + 1];   /* By symbol; room for one too many. */
    uint32_t sorted[WF_HUFFMAN_SYMBOLS_MAX + 1]; /* The rarest first; room for an end. */
    size_t count;
};

static void insert_sorted(uint32_t *sorted, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint32_t leaf = sorted[i];
        size_t at = i;
        for (; at > 0 && sorted[at - 1] > leaf; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = leaf;
    }
}

/* Without a branch: which symbols come is not to be foreseen. */
static size_t find_used(const uint32_t *counts, size_t symbol_count, uint32_t *used)
{
    size_t count = 0;
    for (size_t i = 0; i < symbol_count; i++) {
        used[count] = counts[i] << SYMBOL_BITS | (uint32_t)i;
        count += counts[i] != 0;
    }
    return count;
}

/* Symbols that do not come join the others until there are two. */
static size_t need_two(uint32_t *used, size_t count)
{
    if (count >= 2)
        return count;
    uint32_t symbol = count ? used[0] & SYMBOL_MASK : 0;
    used[0] = 1U << SYMBOL_BITS;
    used[1] = 1U << SYMBOL_BITS | (symbol ? symbol : 1);
    return 2;
}

static size_t bucket_of(uint32_t leaf, size_t last)
{
    size_t count = leaf >> SYMBOL_BITS;
    return count < last ? count : last;
}

/* By counting: most symbols come a few times only, and the others are few. */
static void sort_leaves(struct leaves *leaves, const uint32_t *counts, size_t symbol_count)
{
    enum { OFTEN = 63 };
    uint16_t starts[OFTEN + 2] = { 0 };
    uint32_t *used = leaves->used;
    leaves->count = need_two(used, find_used(counts, symbol_count, used));
    for (size_t i = 0; i < leaves->count; i++)
        starts[bucket_of(used[i], OFTEN) + 1]++;
    for (size_t i = 1; i < OFTEN + 2; i++)
        starts[i] = (uint16_t)(starts[i] + starts[i - 1]);
    size_t often_at = starts[OFTEN];
    for (size_t i = 0; i < leaves->count; i++)
        leaves->sorted[starts[bucket_of(used[i], OFTEN)]++] = used[i];
    insert_sorted(leaves->sorted + often_at, leaves->count - often_at);
}

/* Huffman's tree from two queues: the leaves, and the nodes in the order in which they are made,
 * which is that of their weight. Tells how many leaves lie at each depth, those below the limit at
 * the limit. */
static void count_depths(struct leaves *leaves, uint16_t *at_depth, unsigned depth_max)
{
    enum { NODES = WF_HUFFMAN_SYMBOLS_MAX }; /* Behind the leaves. */
    uint32_t weights[WF_HUFFMAN_SYMBOLS_MAX];
    uint16_t parents[2 * WF_HUFFMAN_SYMBOLS_MAX] = { 0 };
    size_t leaf = 0, node = 0, node_count = leaves->count - 1;
    leaves->sorted[leaves->count] = UINT32_MAX;
    for (size_t made = 0; made < node_count; made++) {
        uint32_t weight = 0;
        weights[made] = UINT32_MAX; /* The end of the queue, until it is known. */
        for (int child = 0; child < 2; child++) {
            uint32_t leaf_weight = leaves->sorted[leaf] >> SYMBOL_BITS;
            bool is_node = weights[node] < leaf_weight; /* Not to be foreseen: no branch. */
            parents[is_node ? NODES + node : leaf] = (uint16_t)made;
            weight += is_node ? weights[node] : leaf_weight;
            node += is_node;
            leaf += !is_node;
        }
        weights[made] = weight;
    }
    uint16_t *depths = parents + NODES; /* A node's parent is replaced by its depth. */
    depths[node_count - 1] = 0;
    for (size_t i = node_count - 1; i-- > 0;)
        depths[i] = (uint16_t)(depths[depths[i]] + 1);
    for (size_t i = 0; i < leaves->count; i++) {
        unsigned depth = depths[parents[i]] + 1U;
        at_depth[depth < depth_max ? depth : depth_max]++;
    }
}

/* With leaves that were moved up to the limit the tree may have more than it can: as often as
 * needed one of them goes to where another leaf, higher up, is divided. */
static void limit_depths(uint16_t *at_depth, unsigned depth_max)
{
    uint32_t room = 0;
    for (unsigned depth = 1; depth <= depth_max; depth++)
        room += (uint32_t)at_depth[depth] << (depth_max - depth);
    for (; room > 1U << depth_max; room--) {
        unsigned depth = depth_max - 1;
        while (at_depth[depth] == 0)
            depth--;
        at_depth[depth]--;
        at_depth[depth + 1] = (uint16_t)(at_depth[depth + 1] + 2);
        at_depth[depth_max]--;
    }
}

static uint16_t reverse(uint32_t code, unsigned length)
{
    code = (code & 0x5555) << 1 | (code >> 1 & 0x5555);
    code = (code & 0x3333) << 2 | (code >> 2 & 0x3333);
    code = (code & 0x0F0F) << 4 | (code >> 4 & 0x0F0F);
    code = (code & 0x00FF) << 8 | (code >> 8 & 0x00FF);
    return (uint16_t)(code >> (16 - length));
}

/* RFC 1951 3.2.2: the first code of each length. */
static void find_first(const uint16_t *of_length, uint32_t *first)
{
    uint32_t code = 0;
    for (unsigned length = 1; length <= WF_HUFFMAN_BITS_MAX; length++) {
        first[length] = code;
        code = (code + of_length[length]) << 1;
    }
}

void wf_huffman_number(struct wf_huffman *huffman, size_t symbol_count)
{
    uint16_t of_length[WF_HUFFMAN_BITS_MAX + 1] = { 0 };
    uint32_t next[WF_HUFFMAN_BITS_MAX + 1];
    for (size_t i = 0; i < symbol_count; i++)
        of_length[huffman->lengths[i]]++;
    find_first(of_length, next);
    for (size_t i = 0; i < symbol_count; i++) {
        unsigned length = huffman->lengths[i];
        if (length)
            huffman->codes[i] = reverse(next[length]++, length);
    }
}

/* The same, with what is known of the leaves. */
static void number_leaves(struct wf_huffman *huffman, const struct leaves *leaves,
                          const uint16_t *at_depth)
{
    uint32_t next[WF_HUFFMAN_BITS_MAX + 1];
    find_first(at_depth, next);
    for (size_t i = 0; i < leaves->count; i++) {
        size_t symbol = leaves->used[i] & SYMBOL_MASK;
        unsigned length = huffman->lengths[symbol];
        huffman->codes[symbol] = reverse(next[length]++, length);
    }
}

void wf_huffman_build(struct wf_huffman *huffman, const uint32_t *counts, size_t symbol_count,
                      unsigned bits_max)
{
    assert(symbol_count >= 2 && symbol_count <= WF_HUFFMAN_SYMBOLS_MAX);
    assert(bits_max <= WF_HUFFMAN_BITS_MAX && symbol_count <= 1U << bits_max);
    struct leaves leaves;
    uint16_t at_depth[WF_HUFFMAN_BITS_MAX + 1] = { 0 };
    sort_leaves(&leaves, counts, symbol_count);
    count_depths(&leaves, at_depth, bits_max);
    limit_depths(at_depth, bits_max);
    memset(huffman->lengths, 0, symbol_count);
    size_t leaf = 0;
    for (unsigned length = bits_max; length > 0; length--)
        for (unsigned i = at_depth[length]; i > 0; i--)
            huffman->lengths[leaves.sorted[leaf++] & SYMBOL_MASK] = (uint8_t)length;
    number_leaves(huffman, &leaves, at_depth);
}
