/* weft: the WebSocket API in C. This header includes the others. */
#ifndef WEFT_WEFT_H
#define WEFT_WEFT_H

/** The version. It stands here and nowhere else: the build reads it from this line. */
#define WEFT_VERSION "0.1.0"

#include "weft/alloc.h"
#include "weft/blob.h"
#include "weft/bytes.h"
#include "weft/client.h"
#include "weft/engine.h"
#include "weft/failure.h"
#include "weft/http.h"
#include "weft/loop.h"
#include "weft/pubsub.h"
#include "weft/server.h"
#include "weft/socket.h"
#include "weft/status.h"
#include "weft/tcp.h"
#include "weft/tls.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The version of the library in use, as WEFT_VERSION. Static. Any thread. */
WEFT_API const char *weft_version(void);

#ifdef __cplusplus
}
#endif
#endif
