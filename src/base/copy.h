/* Copying a few bytes without a call. */
#ifndef WF_BASE_COPY_H
#define WF_BASE_COPY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Less than 16 bytes: the ends overlap each other. */
static inline void wf_copy_few(uint8_t *target, const uint8_t *source, size_t count)
{
    if (count >= 8) {
        memcpy(target, source, 8);
        memcpy(target + count - 8, source + count - 8, 8);
    } else if (count >= 4) {
        memcpy(target, source, 4);
        memcpy(target + count - 4, source + count - 4, 4);
    } else {
        for (size_t i = 0; i < count; i++)
            target[i] = source[i];
    }
}

/* As memcpy(), for at most 64 bytes. From the begin on without overlaps: what was written there a
 * moment ago, as by wf_mask_short(), so comes out of the stores and need not wait for the cache. */
static inline void wf_copy_short(uint8_t *target, const uint8_t *source, size_t count)
{
    for (; count >= 16; count -= 16, target += 16, source += 16)
        memcpy(target, source, 16);
    wf_copy_few(target, source, count);
}

#endif
