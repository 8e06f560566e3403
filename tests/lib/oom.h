/* Every allocation fails once: the test links `fs_oom`, which puts itself between the program and
 * malloc, calloc and realloc (linker option --wrap; calls inside shared libraries are not seen).
 * For programs of one thread. Leaks on the error paths are the leak sanitizer's to find. */
#ifndef TESTS_LIB_OOM_H
#define TESTS_LIB_OOM_H

#include <stddef.h>

/* Does the work once from scratch and releases all of it, whether it succeeds or not. Returns the
 * status of the work. */
typedef int (*ts_oom_fn)(void *ctx);

/* Runs fn once unhindered (it must return ST_OK) and counts its allocations, then twice for each of
 * them: with only that one failing, and with that one and all later ones failing. Each of these
 * runs must return ST_NOMEM, or the running test fails, naming the allocation. Returns the count,
 * so that a test can assert that it is not 0. */
size_t ts_oom_sweep(ts_oom_fn fn, void *ctx);

/* By hand: from now on the allocation number `nth` (0 is the next) fails, and with `sticky` all
 * later ones. Returns nothing to release; ts_oom_stop ends it and returns how many allocations were
 * asked for since the start. */
void ts_oom_start(size_t nth, int sticky);
size_t ts_oom_stop(void);

#endif
