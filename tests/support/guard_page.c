#include "support/guard_page.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* At least one page, so that a span of no bytes has a place too. */
static size_t readable_bytes(size_t count)
{
    size_t page = page_bytes();
    return count ? (count + page - 1) / page * page : page;
}

uint8_t *guard_page_place(const void *bytes, size_t count)
{
    size_t readable = readable_bytes(count);
    uint8_t *map = mmap(NULL, readable + page_bytes(), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED || mprotect(map + readable, page_bytes(), PROT_NONE))
        abort();

    uint8_t *placed = map + readable - count;
    if (bytes && count)
        memcpy(placed, bytes, count);
    return placed;
}

void guard_page_free(uint8_t *placed, size_t count)
{
    if (!placed)
        return;
    size_t readable = readable_bytes(count);
    if (munmap(placed + count - readable, readable + page_bytes()))
        abort();
}
