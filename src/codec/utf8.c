#include "codec/utf8.h"

#include "codec/cpu.h"
#include "codec/utf8_kernels.h"

#include <stdatomic.h>
#include <string.h>

/* Up to this a text that is ASCII needs no kernel. */
enum { SHORT_MAX = 16 };

/* RFC 3629 4: the first byte tells the length and the range of the second byte. */
static bool begin_character(struct wf_utf8 *utf8, uint8_t byte)
{
    utf8->next_min = 0x80;
    utf8->next_max = 0xBF;
    if (byte < 0x80)
        return true;
    if (byte < 0xC2 || byte > 0xF4)
        return false;
    utf8->missing = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    switch (byte) {
    case 0xE0:
        utf8->next_min = 0xA0; /* Else it would fit in two bytes. */
        break;
    case 0xED:
        utf8->next_max = 0x9F; /* Else it would be a surrogate. */
        break;
    case 0xF0:
        utf8->next_min = 0x90; /* Else it would fit in three bytes. */
        break;
    case 0xF4:
        utf8->next_max = 0x8F; /* Else it would be above U+10FFFF. */
        break;
    default:
        break;
    }
    return true;
}

static bool feed_byte(struct wf_utf8 *utf8, uint8_t byte)
{
    if (utf8->missing == 0)
        return begin_character(utf8, byte);
    if (byte < utf8->next_min || byte > utf8->next_max)
        return false;
    utf8->missing--;
    utf8->next_min = 0x80;
    utf8->next_max = 0xBF;
    return true;
}

static size_t skip_ascii(const uint8_t *text, size_t count)
{
    size_t at = 0;
    for (; count - at >= 32; at += 32) {
        uint64_t words[4];
        memcpy(words, text + at, 32);
        if ((words[0] | words[1] | words[2] | words[3]) & 0x8080808080808080)
            break;
    }
    for (; count - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, text + at, 8);
        if (word & 0x8080808080808080)
            break;
    }
    while (at < count && text[at] < 0x80)
        at++;
    return at;
}

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xC0) == 0x80;
}

/* The bytes of the character that begins here and is not ASCII; 0: there is none. RFC 3629 4. */
static size_t character_bytes(const uint8_t *text, size_t count)
{
    uint8_t first = text[0];
    if (count < 2 || !is_continuation(text[1]))
        return 0;
    if (first < 0xE0)
        return first >= 0xC2 ? 2 : 0;
    if (count < 3 || !is_continuation(text[2]))
        return 0;
    if (first < 0xF0) {
        bool is_overlong = first == 0xE0 && text[1] < 0xA0;
        bool is_surrogate = first == 0xED && text[1] >= 0xA0;
        return is_overlong || is_surrogate ? 0 : 3;
    }
    if (count < 4 || !is_continuation(text[3]) || first > 0xF4)
        return 0;
    bool is_overlong = first == 0xF0 && text[1] < 0x90;
    bool is_too_large = first == 0xF4 && text[1] >= 0x90;
    return is_overlong || is_too_large ? 0 : 4;
}

bool wf_utf8_portable(const uint8_t *text, size_t count)
{
    for (size_t at = 0; at < count;) {
        size_t bytes = text[at] < 0x80 ? skip_ascii(text + at, count - at)
                                       : character_bytes(text + at, count - at);
        if (bytes == 0)
            return false;
        at += bytes;
    }
    return true;
}

const struct wf_utf8_kernel wf_utf8_kernels[] = {
#if defined(__x86_64__)
    { "avx512", wf_cpu_has_avx512_vbmi, wf_utf8_avx512 },
    { "avx2", wf_cpu_has_avx2, wf_utf8_avx2 },
#elif defined(__aarch64__)
    { "neon", wf_cpu_has_any, wf_utf8_neon },
#endif
    { "portable", wf_cpu_has_any, wf_utf8_portable },
};
const size_t wf_utf8_kernel_count = sizeof wf_utf8_kernels / sizeof *wf_utf8_kernels;

static wf_utf8_kernel_run choose_and_run;
static _Atomic(wf_utf8_kernel_run *) chosen = choose_and_run;

/* Stands in the place of the kernel until the first call. Two threads may come here at once: both
 * find the same kernel. */
static bool choose_and_run(const uint8_t *text, size_t count)
{
    const struct wf_utf8_kernel *kernel = wf_utf8_kernels;
    while (!kernel->is_supported())
        kernel++;
    atomic_store_explicit(&chosen, kernel->run, memory_order_relaxed);
    return kernel->run(text, count);
}

bool wf_utf8_is_valid(const void *text, size_t count)
{
    if (count <= SHORT_MAX && skip_ascii(text, count) == count)
        return true;
    return atomic_load_explicit(&chosen, memory_order_relaxed)(text, count);
}

size_t wf_utf8_unfinished(const uint8_t *text, size_t count)
{
    if (count >= 1 && text[count - 1] >= 0xC0)
        return 1;
    if (count >= 2 && text[count - 2] >= 0xE0)
        return 2;
    if (count >= 3 && text[count - 3] >= 0xF0)
        return 3;
    return 0;
}

bool wf_utf8_feed(struct wf_utf8 *utf8, const uint8_t *bytes, size_t count)
{
    if (utf8->is_broken)
        return false;
    if (count == 0)
        return true;
    size_t at = 0;
    while (at < count && utf8->missing > 0)
        if (!feed_byte(utf8, bytes[at++]))
            goto broken;

    size_t end = count - wf_utf8_unfinished(bytes + at, count - at);
    if (!wf_utf8_is_valid(bytes + at, end - at))
        goto broken;
    while (end < count)
        if (!feed_byte(utf8, bytes[end++]))
            goto broken;
    return true;

broken:
    utf8->is_broken = true;
    return false;
}
