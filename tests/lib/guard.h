/* Bytes that end where readable memory ends: a decoder that reads one byte too far is killed at
 * once, in every build and not only under a sanitizer. */
#ifndef TESTS_LIB_GUARD_H
#define TESTS_LIB_GUARD_H

#include <stddef.h>
#include <stdint.h>

struct ts_guard {
    uint8_t *map; /* owned: a closed page, the room, a closed page; NULL when released */
    size_t map_bytes;
    size_t room_bytes; /* whole pages between the two closed ones */
};

/* Makes room for inputs of up to max_bytes. Aborts when the system gives no memory. */
void ts_guard_init(struct ts_guard *g, size_t max_bytes);
/* Unmaps. Accepts a zeroed or released guard. */
void ts_guard_release(struct ts_guard *g);
/* Copies n bytes (n <= max_bytes; p may be NULL when n is 0) so that the byte behind the last one
 * is closed. The room in front of them is filled with 0xA5. Returns where they are, valid until the
 * next put; with n == 0 the returned address itself is closed. */
uint8_t *ts_guard_put(struct ts_guard *g, const void *p, size_t n);

#endif
