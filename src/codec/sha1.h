/* SHA-1 (RFC 3174), for Sec-WebSocket-Accept (RFC 6455 4.2.2) and nothing that must be secret. */
#ifndef WF_CODEC_SHA1_H
#define WF_CODEC_SHA1_H

#include <stddef.h>
#include <stdint.h>

enum { WF_SHA1_BYTES = 20 };

void wf_sha1(const void *data, size_t count, uint8_t out[WF_SHA1_BYTES]);

#endif
