#include "codec/url.h"

#include "support/cases.h"

/* Fetch Standard, "bad port", typed a second time, as ranges. */
static const struct {
    uint16_t first, last;
} blocked[] = {
    { 0, 1 },       { 7, 7 },       { 9, 9 },       { 11, 11 },     { 13, 13 },
    { 15, 15 },     { 17, 17 },     { 19, 23 },     { 25, 25 },     { 37, 37 },
    { 42, 43 },     { 53, 53 },     { 69, 69 },     { 77, 77 },     { 79, 79 },
    { 87, 87 },     { 95, 95 },     { 101, 104 },   { 109, 111 },   { 113, 113 },
    { 115, 115 },   { 117, 117 },   { 119, 119 },   { 123, 123 },   { 135, 135 },
    { 137, 137 },   { 139, 139 },   { 143, 143 },   { 161, 161 },   { 179, 179 },
    { 389, 389 },   { 427, 427 },   { 465, 465 },   { 512, 515 },   { 526, 526 },
    { 530, 532 },   { 540, 540 },   { 548, 548 },   { 554, 554 },   { 556, 556 },
    { 563, 563 },   { 587, 587 },   { 601, 601 },   { 636, 636 },   { 989, 990 },
    { 993, 993 },   { 995, 995 },   { 1719, 1720 }, { 1723, 1723 }, { 2049, 2049 },
    { 3659, 3659 }, { 4045, 4045 }, { 4190, 4190 }, { 5060, 5061 }, { 6000, 6000 },
    { 6566, 6566 }, { 6665, 6669 }, { 6679, 6679 }, { 6697, 6697 }, { 10080, 10080 },
};

static void every_port(void **state)
{
    (void)state;
    for (unsigned port = 0; port <= UINT16_MAX; port++) {
        bool is_blocked = false;
        for (size_t i = 0; i < COUNT_OF(blocked); i++)
            is_blocked |= port >= blocked[i].first && port <= blocked[i].last;
        if (wf_url_port_is_blocked((uint16_t)port) != is_blocked)
            fail_msg("port %u", port);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
