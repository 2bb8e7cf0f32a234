/* Range requests (RFC 9110 14). Pure. */
#ifndef WF_SERVER_RANGE_H
#define WF_SERVER_RANGE_H

#include "weft/bytes.h"

enum wf_range_result {
    WF_RANGE_WHOLE, /* No range, several, or none that is understood: the field is ignored. */
    WF_RANGE_PART,  /* 206. */
    WF_RANGE_UNSATISFIABLE, /* 416. */
};

/* What a Range field asks for of `bytes_total` bytes. PART: *first_out and *bytes_out are set. */
enum wf_range_result wf_range_parse(struct weft_text field, uint64_t bytes_total,
                                    uint64_t *first_out, uint64_t *bytes_out);

#endif
