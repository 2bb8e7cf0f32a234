/* The end of a connection whose peer may still have to read the last bytes. */
#ifndef WF_IO_FAREWELL_H
#define WF_IO_FAREWELL_H

#include "io/stream.h"

enum { WF_FAREWELLS_MAX = 256, WF_FAREWELL_MS = 2000 };

/* As wf_stream_close(), but the descriptor stays for a while: its own direction ends behind what
 * was sent, and what comes is read and not looked at until the peer ends, too. A descriptor that is
 * closed with bytes unread, or to which bytes come later, answers with a reset, and that may take
 * from the peer what it has not read yet. RFC 6455 7.1.1, RFC 9112 9.6.
 *
 * At most WF_FAREWELLS_MAX of a loop stay, WF_FAREWELL_MS each; others are closed at once, as when
 * there is no memory. */
void wf_farewell_begin(struct wf_stream *stream);

#endif
