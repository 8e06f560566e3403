/* A fuzz target is one .c file that defines this function; it returns 0 and must neither crash nor
 * leak for any input. State that is dear to build is built in LLVMFuzzerInitialize (optional). */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#endif
