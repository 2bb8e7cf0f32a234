#include "codec/punycode.h"

#include "support/cases.h"

#include <string.h>

struct sample {
    const char *name;
    uint32_t points[40];
    const char *encoded;
};

/* RFC 3492 7.1, and labels of ours. */
static const struct sample samples[] = {
    { "Arabic",
      { 0x0644, 0x064A, 0x0647, 0x0645, 0x0627, 0x0628, 0x062A, 0x0643, 0x0644, 0x0645, 0x0648,
        0x0634, 0x0639, 0x0631, 0x0628, 0x064A, 0x061F },
      "egbpdaj6bu4bxfgehfvwxn" },
    { "Chinese",
      { 0x4ED6, 0x4EEC, 0x4E3A, 0x4EC0, 0x4E48, 0x4E0D, 0x8BF4, 0x4E2D, 0x6587 },
      "ihqwcrb4cv8a8dqg056pqjye" },
    { "Czech",
      { 'P', 'r', 'o', 0x010D, 'p', 'r',  'o',    's', 't', 0x011B, 'n',
        'e', 'm', 'l', 'u',    'v', 0xED, 0x010D, 'e', 's', 'k',    'y' },
      "Proprostnemluvesky-uyb24dma41a" },
    { "Japanese", { 0x305D, 0x306E, 0x30B9, 0x30D4, 0x30FC, 0x30C9, 0x3067 }, "d9juau41awczczp" },
    { "ASCII alone", { '-', '>', ' ', '$', '1', '.', '0', '0', ' ', '<', '-' }, "-> $1.00 <--" },
    { "a snowman", { 0x2603 }, "n3h" },
    { "a heart", { 'i', 0x2764 }, "i-7iq" },
    { "the same twice", { 0x1F4A9, 0x1F4A9 }, "ls8ha" },
    { "nothing", { 0 }, "" },
};

static void samples_are_encoded(void **state)
{
    (void)state;
    for_each_case(c, samples)
    {
        size_t count = 0, bytes = 0, length = strlen(c->encoded);
        char out[64];
        while (c->points[count])
            count++;
        assert_true(wf_punycode_encode(c->points, count, out, length, &bytes));
        assert_int_equal(bytes, length);
        assert_memory_equal(out, c->encoded, length);
        /* Not in a byte less. */
        for (size_t room = 0; room < length; room++)
            assert_false(wf_punycode_encode(c->points, count, out, room, &bytes));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(samples_are_encoded) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
