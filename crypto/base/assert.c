#include "crypto/base/assert.h"

#include <stdio.h>
#include <stdlib.h>

void cr_assert_failed(const char *file, int line, const char *condition)
{
    (void)fprintf(stderr, "fengsui: bug: %s:%d: %s does not hold\n", file, line, condition);
    (void)fflush(stderr);
    abort();
}
