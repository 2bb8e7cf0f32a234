/* What the processor can do, asked at run time. */
#ifndef WF_CODEC_CPU_H
#define WF_CODEC_CPU_H

#include <stdbool.h>

bool wf_cpu_has_any(void); /* For what every processor of this architecture has. */
bool wf_cpu_has_avx2(void);
bool wf_cpu_has_avx512(void); /* F, BW and VL. */
bool wf_cpu_has_avx512_vbmi(void);
bool wf_cpu_has_sha(void);

#endif
