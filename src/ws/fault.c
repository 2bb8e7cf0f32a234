#include "ws/fault.h"

#include <assert.h>

#define FAULT_FAILURE(name, kind_name, status_name, code, rule_text, sentence)                     \
    [WF_FAULT_##name] = { .kind = WEFT_FAILURE_##kind_name,                                        \
                          .status = WEFT_ERR_##status_name,                                        \
                          .close_code = (code),                                                    \
                          .text = (sentence),                                                      \
                          .rule = (rule_text) },
static const struct weft_failure failures[] = { WF_FAULT_MAP(FAULT_FAILURE) };
#undef FAULT_FAILURE

const struct weft_failure *wf_fault_failure(enum wf_fault fault)
{
    assert(fault != WF_FAULT_NONE);
    return &failures[fault];
}
