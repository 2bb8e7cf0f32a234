/* Copying a few bytes without a call. */
#ifndef WF_BASE_COPY_H
#define WF_BASE_COPY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* As memcpy(), for at most 64 bytes: the ends overlap each other. */
static inline void wf_copy_short(uint8_t *target, const uint8_t *source, size_t count)
{
    if (count >= 16) {
        memcpy(target, source, 16);
        memcpy(target + count - 16, source + count - 16, 16);
        if (count > 32) {
            memcpy(target + 16, source + 16, 16);
            memcpy(target + count - 32, source + count - 32, 16);
        }
    } else if (count >= 8) {
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

#endif
