/* permessage-deflate on the path of a message. RFC 7692 6 and 7.2. */
#ifndef WF_WS_COMPRESSION_H
#define WF_WS_COMPRESSION_H

#include "ws/deflate.h"

/* The extension is in use with these terms. There is an `agreed`. False: no memory. */
bool wf_compression_agree(struct weft_engine *engine, const struct wf_deflate_terms *terms);
void wf_compression_drop(struct weft_engine *engine);

/* Compresses a message where that was agreed on and makes it smaller. False: it goes as it is, and
 * `out` is empty. The block is the caller's to drop. */
bool wf_compression_pack(struct weft_engine *engine, struct weft_bytes payload,
                         struct wf_block *out);

/* The form of a message that is compressed for all who share it, by wf_compression_pack() of any of
 * them; 0: this engine gets the plain one. */
uint16_t wf_compression_form(const struct weft_engine *engine, size_t payload_bytes);

/* Inflates the next bytes of the message that is being read. There is a partial. False: the
 * connection has failed. */
bool wf_compression_unpack(struct weft_engine *engine, struct weft_bytes piece);

/* The end of a compressed message; else as above. */
bool wf_compression_end(struct weft_engine *engine);

#endif
