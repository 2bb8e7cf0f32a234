/* What all commands that connect let people add to the request. Tells apart what the library would
 * call WEFT_ERR_SYNTAX; what is wrong is said in one line. */
#ifndef CLI_REQUEST_OPTIONS_H
#define CLI_REQUEST_OPTIONS_H

#include "args.h"
#include "weft/http.h"

/* Whether there is a control character other than a tab. */
bool request_has_control(struct weft_text text);

/* --protocol: names of subprotocols, none twice. False: a line has said what is wrong. */
bool request_check_protocols(const char *command, const struct args_texts *protocols);

/* -H 'NAME: VALUE': takes the lines apart; `headers_out` has as much room, and points into them.
 * False: a line has said what is wrong. */
bool request_read_headers(const char *command, const struct args_texts *lines,
                          struct weft_header *headers_out);

#endif
