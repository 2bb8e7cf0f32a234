#include "codec/cpu.h"

bool wf_cpu_has_any(void)
{
    return true;
}

#if defined(__x86_64__)

#    include <cpuid.h>

bool wf_cpu_has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
}

bool wf_cpu_has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("bmi2");
}

bool wf_cpu_has_avx512_vbmi(void)
{
    return wf_cpu_has_avx512() && __builtin_cpu_supports("avx512vbmi");
}

/* Neither gcc 12 nor clang 14 knows "sha" in __builtin_cpu_supports(): leaf 7, EBX bit 29. */
bool wf_cpu_has_sha(void)
{
    unsigned eax, ebx, ecx, edx;
    return __builtin_cpu_supports("sse4.1") && __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) &&
           (ebx >> 29 & 1) != 0;
}

#else

bool wf_cpu_has_avx2(void)
{
    return false;
}

bool wf_cpu_has_avx512(void)
{
    return false;
}

bool wf_cpu_has_avx512_vbmi(void)
{
    return false;
}

bool wf_cpu_has_sha(void)
{
    return false;
}

#endif
