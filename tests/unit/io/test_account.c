#include "io/account.h"

#include "support/cases.h"

static const struct {
    const char *name;
    weft_status status;
    unsigned id;
} cases[] = {
    { "root", WEFT_OK, 0 },
    { "0", WEFT_OK, 0 },
    { "12345", WEFT_OK, 12345 },
    { "4294967294", WEFT_OK, 4294967294u },
    { "4294967295", WEFT_ERR_NOT_FOUND, 0 }, /* chown(2): leave it as it is. */
    { "4294967296", WEFT_ERR_NOT_FOUND, 0 },
    { "99999999999999999999", WEFT_ERR_NOT_FOUND, 0 },
    { "", WEFT_ERR_NOT_FOUND, 0 },
    { "-1", WEFT_ERR_NOT_FOUND, 0 },
    { "nobody of this name", WEFT_ERR_NOT_FOUND, 0 },
};

static void names_and_numbers(void **state)
{
    (void)state;
    for_each_case(c, cases)
    {
        uid_t user = 1;
        gid_t group = 1;
        assert_int_equal(wf_account_user(c->name, &user), c->status);
        assert_int_equal(wf_account_group(c->name, &group), c->status);
        if (c->status == WEFT_OK) {
            assert_int_equal(user, c->id);
            assert_int_equal(group, c->id);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(names_and_numbers) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
