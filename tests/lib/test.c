#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

void ts_assert_status_at(int got, int expected, const char *expression, const char *file, int line)
{
    if (got == expected)
        return;
    ts_fail_at(file, line, "%s: got %s, expected %s", expression, st_name((enum st_code)got),
               st_name((enum st_code)expected));
}

void ts_fail_at(const char *file, int line, const char *fmt, ...)
{
    char text[1024];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    print_error("%s\n", text);
    _fail(file, line);
    abort(); /* _fail leaves by longjmp; outside of a test there is nowhere to go */
}
