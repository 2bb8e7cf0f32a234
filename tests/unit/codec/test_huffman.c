#include "codec/huffman.h"

#include "support/cases.h"

#include <stdlib.h>
#include <string.h>

/* What the best code takes, told the slow way: the two lightest are joined until one is left. */
static uint64_t best_bits(const uint32_t *counts, size_t symbol_count)
{
    uint64_t weights[WF_HUFFMAN_SYMBOLS_MAX], bits = 0;
    size_t left = 0;
    for (size_t i = 0; i < symbol_count; i++)
        if (counts[i])
            weights[left++] = counts[i];
    if (left == 1)
        return weights[0];
    while (left > 1) {
        for (size_t end = 0; end < 2; end++) { /* The lightest to the end, twice. */
            size_t lightest = 0;
            for (size_t i = 1; i < left - end; i++)
                if (weights[i] < weights[lightest])
                    lightest = i;
            uint64_t weight = weights[lightest];
            weights[lightest] = weights[left - 1 - end];
            weights[left - 1 - end] = weight;
        }
        weights[left - 2] += weights[left - 1];
        bits += weights[--left - 1];
    }
    return bits;
}

static uint64_t bits_of(const struct wf_huffman *huffman, const uint32_t *counts,
                        size_t symbol_count)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < symbol_count; i++)
        bits += (uint64_t)counts[i] * huffman->lengths[i];
    return bits;
}

/* RFC 1951 3.2.2, word for word: codes of one length follow each other, shorter ones precede. */
static void assert_canonical(const struct wf_huffman *huffman, size_t symbol_count,
                             unsigned bits_max)
{
    uint32_t code = 0;
    for (unsigned length = 1; length <= bits_max; length++, code <<= 1)
        for (size_t i = 0; i < symbol_count; i++) {
            if (huffman->lengths[i] != length)
                continue;
            uint32_t turned = 0;
            for (unsigned bit = 0; bit < length; bit++)
                turned |= (huffman->codes[i] >> bit & 1U) << (length - 1 - bit);
            assert_int_equal(turned, code++);
        }
    /* Complete: the codes use up all there are. */
    assert_int_equal(code, 2U << bits_max);
}

static void assert_good(const uint32_t *counts, size_t symbol_count, unsigned bits_max)
{
    struct wf_huffman huffman;
    memset(&huffman, 0xEE, sizeof huffman);
    wf_huffman_build(&huffman, counts, symbol_count, bits_max);
    size_t used = 0;
    for (size_t i = 0; i < symbol_count; i++) {
        assert_true(huffman.lengths[i] <= bits_max);
        assert_true(counts[i] == 0 || huffman.lengths[i] > 0);
        used += huffman.lengths[i] > 0;
        for (size_t k = 0; k < symbol_count; k++)
            assert_true(counts[i] <= counts[k] || huffman.lengths[k] == 0 || counts[k] == 0 ||
                        huffman.lengths[i] <= huffman.lengths[k]);
    }
    assert_true(used >= 2);
    assert_canonical(&huffman, symbol_count, bits_max);
    uint64_t best = best_bits(counts, symbol_count);
    uint64_t bits = bits_of(&huffman, counts, symbol_count);
    assert_true(bits >= best);
    if (bits_max == WF_HUFFMAN_BITS_MAX && symbol_count < 30)
        assert_true(bits == best);
}

static void no_symbol_one_or_two(void **state)
{
    (void)state;
    for (size_t first = 0; first < 30; first++)
        for (size_t second = 0; second < 30; second++) {
            uint32_t counts[30] = { 0 };
            assert_good(counts, 30, 15);
            counts[first] = 7;
            counts[second] += 1;
            assert_good(counts, 30, 15);
            assert_good(counts, 30, 7);
        }
}

/* Numbers of Fibonacci make the deepest trees there are. */
static void the_limit_holds(void **state)
{
    (void)state;
    for (unsigned bits_max = 5; bits_max <= 15; bits_max++)
        for (size_t used = 2; used <= 28; used++) {
            uint32_t counts[32] = { 1, 1 };
            for (size_t i = 2; i < used; i++)
                counts[i] = counts[i - 1] + counts[i - 2];
            struct wf_huffman huffman;
            wf_huffman_build(&huffman, counts, 32, bits_max);
            assert_canonical(&huffman, 32, bits_max);
            if (used - 1 <= bits_max)
                assert_int_equal(bits_of(&huffman, counts, 32), best_bits(counts, 32));
        }
}

static void counts_of_all_kinds(void **state)
{
    (void)state;
    uint32_t random = 1;
    for (int round = 0; round < 300; round++) {
        uint32_t counts[286] = { 0 };
        size_t symbol_count = round % 3 == 0 ? 286 : round % 3 == 1 ? 19 : 29;
        for (size_t i = 0; i < symbol_count; i++) {
            random = random * 1664525 + 1013904223;
            uint32_t size = random >> 28;
            counts[i] = size < 6 ? 0 : random >> 8 & ((1U << (size - 5)) - 1);
        }
        assert_good(counts, symbol_count, symbol_count == 19 ? 7 : 15);
    }
}

/* RFC 1951 3.2.2: the example with the lengths 3, 3, 3, 3, 3, 2, 4, 4. */
static void the_example(void **state)
{
    (void)state;
    struct wf_huffman huffman = { .lengths = { 3, 3, 3, 3, 3, 2, 4, 4 } };
    /* 010 011 100 101 110 00 1110 1111, the first bit lowest. */
    static const uint16_t codes[] = { 2, 6, 1, 5, 3, 0, 7, 15 };
    wf_huffman_number(&huffman, COUNT_OF(codes));
    for (size_t i = 0; i < COUNT_OF(codes); i++)
        assert_int_equal(huffman.codes[i], codes[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_symbol_one_or_two),
        cmocka_unit_test(the_limit_holds),
        cmocka_unit_test(counts_of_all_kinds),
        cmocka_unit_test(the_example),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
