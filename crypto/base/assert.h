/* Assertions that stay on in every build. One condition each, no side effects, and never on a
 * value that came from outside: those are refused with a status (see status.h). */
#ifndef CRYPTO_BASE_ASSERT_H
#define CRYPTO_BASE_ASSERT_H

/* Prints the place and condition to stderr and aborts. */
_Noreturn void cr_assert_failed(const char *file, int line, const char *condition);

#define CR_ASSERT(cond)                                  \
    do {                                                 \
        if (!(cond))                                     \
            cr_assert_failed(__FILE__, __LINE__, #cond); \
    } while (0)

#endif
