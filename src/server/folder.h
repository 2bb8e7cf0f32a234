/* Files of a folder, and no way out of it. */
#ifndef WF_SERVER_FOLDER_H
#define WF_SERVER_FOLDER_H

#include "base/alloc.h"
#include "weft/status.h"

#include <stdbool.h>
#include <sys/stat.h>

enum wf_folder_result {
    WF_FOLDER_FILE,    /* *fd_out is open, *stat_out filled in. */
    WF_FOLDER_FOLDER,  /* The path leads to a folder, without a slash at its end. */
    WF_FOLDER_MISSING, /* Not there, or not for anybody's eyes. */
    WF_FOLDER_BUSY,    /* No descriptors or memory at the moment. */
};

/* Whether a decoded segment may name a file: not empty, no dots alone, no slash, backslash or NUL
 * in it, and not hidden (a dot in front), but for ".well-known" (RFC 8615). Pure. */
bool wf_folder_is_name(struct weft_text segment);

/* An absolute path of a folder that is there now. WEFT_ERR_SYSTEM (errno), WEFT_ERR_MEMORY. */
WEFT_MUST_USE weft_status wf_folder_resolve(const struct weft_allocator *allocator,
                                            const char *folder, char **path_out);

/* Opens the file that decoded segments lead to; an empty last one stands for `index`. Each step
 * goes from the folder before, and none through a symbolic link, so the way cannot be bent while it
 * is gone. */
enum wf_folder_result wf_folder_open(const char *folder, const struct weft_text *segments,
                                     size_t segment_count, const char *index, int *fd_out,
                                     struct stat *stat_out);

#endif
