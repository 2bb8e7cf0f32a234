/* The content type of a file by its name. Pure. */
#ifndef WF_SERVER_CONTENT_TYPE_H
#define WF_SERVER_CONTENT_TYPE_H

#include "weft/bytes.h"

/* By what follows the last dot of the last segment, without regard to case. Static, never NULL. */
const char *wf_content_type_of(struct weft_text path);

#endif
