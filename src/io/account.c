#include "io/account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { RECORD_BYTES = 16 * 1024 };

/* All ones says "leave it" to chown(2): it is nobody's number. */
static bool parse_number(const char *text, uint32_t *number_out)
{
    uint64_t number = 0;
    if (*text == '\0' || strspn(text, "0123456789") != strlen(text) || strlen(text) > 10)
        return false;
    for (; *text; text++)
        number = number * 10 + (uint64_t)(*text - '0');
    *number_out = (uint32_t)number;
    return number < UINT32_MAX;
}

/* A name goes before a number; what the two functions answer for "none" differs by the source of
 * the accounts: getpwnam(3). */
static weft_status judge(int error, bool is_found, const char *name, uint32_t *number_out)
{
    if (is_found || parse_number(name, number_out))
        return WEFT_OK;
    if (error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM)
        return WEFT_ERR_NOT_FOUND;
    errno = error;
    return WEFT_ERR_SYSTEM;
}

weft_status wf_account_user(const char *name, uid_t *user_out)
{
    char record[RECORD_BYTES];
    struct passwd account, *found = NULL;
    int error = getpwnam_r(name, &account, record, sizeof record, &found);
    if (found)
        *user_out = account.pw_uid;
    return judge(error, found != NULL, name, user_out);
}

weft_status wf_account_group(const char *name, gid_t *group_out)
{
    char record[RECORD_BYTES];
    struct group account, *found = NULL;
    int error = getgrnam_r(name, &account, record, sizeof record, &found);
    if (found)
        *group_out = account.gr_gid;
    return judge(error, found != NULL, name, group_out);
}
