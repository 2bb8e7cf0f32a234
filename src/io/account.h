/* Users and groups of the system, by name or number. */
#ifndef WF_IO_ACCOUNT_H
#define WF_IO_ACCOUNT_H

#include "weft/status.h"

#include <sys/types.h>

/* "www-data" or "33". WEFT_ERR_NOT_FOUND: neither a name nor a number; WEFT_ERR_SYSTEM (errno). */
WEFT_MUST_USE weft_status wf_account_user(const char *name, uid_t *user_out);
WEFT_MUST_USE weft_status wf_account_group(const char *name, gid_t *group_out);

#endif
