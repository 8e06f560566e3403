#include "tests/lib/guard.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "crypto/base/assert.h"

void ts_guard_init(struct ts_guard *g, size_t max_bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t room = (max_bytes / page + 1) * page;
    void *map = mmap(NULL, room + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CR_ASSERT(map != MAP_FAILED);
    g->map = map;
    g->map_bytes = room + 2 * page;
    g->room_bytes = room;
    CR_ASSERT(mprotect(g->map + page, room, PROT_READ | PROT_WRITE) == 0);
}

void ts_guard_release(struct ts_guard *g)
{
    if (g->map != NULL)
        CR_ASSERT(munmap(g->map, g->map_bytes) == 0);
    *g = (struct ts_guard){0};
}

uint8_t *ts_guard_put(struct ts_guard *g, const void *p, size_t n)
{
    uint8_t *room = g->map + (g->map_bytes - g->room_bytes) / 2;
    uint8_t *at = room + g->room_bytes - n;

    CR_ASSERT(n <= g->room_bytes);
    memset(room, 0xA5, g->room_bytes - n);
    if (n > 0)
        memcpy(at, p, n);
    return at;
}
