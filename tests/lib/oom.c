#include "tests/lib/oom.h"

#include <stdbool.h>

#include "crypto/base/status.h"
#include "tests/lib/test.h"

/* One process, one thread, one sweep at a time: malloc has no context argument to hang this from.
 */
static struct {
    bool armed, sticky;
    size_t seen, nth;
} oom;

/* The linker gives these names; they belong to no layer. */
void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);

static bool refuse(void)
{
    size_t index;

    if (!oom.armed)
        return false;
    index = oom.seen++;
    return index == oom.nth || (oom.sticky && index > oom.nth);
}

void *__wrap_malloc(size_t n)
{
    return refuse() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
    return refuse() ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n)
{
    return refuse() ? NULL : __real_realloc(p, n);
}

void ts_oom_start(size_t nth, int sticky)
{
    oom.seen = 0;
    oom.nth = nth;
    oom.sticky = sticky != 0;
    oom.armed = true;
}

size_t ts_oom_stop(void)
{
    oom.armed = false;
    return oom.seen;
}

size_t ts_oom_sweep(ts_oom_fn fn, void *ctx)
{
    size_t count;
    int code;

    ts_oom_start(SIZE_MAX, 0);
    code = fn(ctx);
    count = ts_oom_stop();
    ts_assert_ok(code);
    for (size_t i = 0; i < count * 2; i++) {
        bool sticky = i % 2 == 1;
        ts_oom_start(i / 2, sticky);
        code = fn(ctx);
        (void)ts_oom_stop();
        if (code != ST_NOMEM)
            ts_fail("allocation %zu of %zu%s fails: got %s, expected ST_NOMEM", i / 2, count,
                    sticky ? " and all later" : "", st_name((enum st_code)code));
    }
    return count;
}
