/* A fuzz target that dies of every input, to see that the replay tells which one it was. */
#include "crypto/base/assert.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    (void)p;
    CR_ASSERT(n == 0);
    return 0;
}
