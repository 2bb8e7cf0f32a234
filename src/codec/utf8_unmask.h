/* Unmasking (RFC 6455 5.3) and the validation of a text, in one pass over it where the processor
 * has a way that is faster than two. */
#ifndef WF_CODEC_UTF8_UNMASK_H
#define WF_CODEC_UTF8_UNMASK_H

#include "codec/mask.h"
#include "codec/utf8.h"

/* wf_mask() in place, and wf_utf8_is_valid() of what comes out: it is unmasked as a whole in any
 * case. */
bool wf_utf8_unmask(uint8_t *text, size_t count, uint32_t key);

/* wf_mask() in place, and wf_utf8_feed() of what comes out. False: not all of it is unmasked. */
bool wf_utf8_unmask_feed(struct wf_utf8 *utf8, uint8_t *bytes, size_t count, uint32_t key,
                         size_t offset);

#endif
