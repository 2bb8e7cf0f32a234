/* The files of site/, which the build turns into C. */
#ifndef CLI_SITE_FILES_H
#define CLI_SITE_FILES_H

#include "weft/server.h"

extern const struct weft_embedded_file weft_site_files[];
extern const size_t weft_site_file_count;

#endif
