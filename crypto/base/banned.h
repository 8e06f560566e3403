/* Functions that our own code may not call: each is a build error. Force-included in front of every
 * one of our translation units (CMake target fs_own), never in front of third-party code.
 *
 * The system headers that declare them are read first, so that only calls made afterwards are hit;
 * a feature-test macro such as _GNU_SOURCE therefore has to come from the build, not from a #define
 * at the top of a .c file. What to use instead stands beside each group. */
#ifndef CRYPTO_BASE_BANNED_H
#define CRYPTO_BASE_BANNED_H

#include <alloca.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FS_BANNED_(name) name##_is_a_banned_function_see_crypto_base_banned_h

/* Unbounded or silently cutting copies: memcpy with a known length, snprintf, cr_buf. */
#undef strcpy
#define strcpy(...) FS_BANNED_(strcpy)
#undef strcat
#define strcat(...) FS_BANNED_(strcat)
#undef strncpy
#define strncpy(...) FS_BANNED_(strncpy)
#undef strncat
#define strncat(...) FS_BANNED_(strncat)
#undef sprintf
#define sprintf(...) FS_BANNED_(sprintf)
#undef vsprintf
#define vsprintf(...) FS_BANNED_(vsprintf)
#undef gets
#define gets(...) FS_BANNED_(gets)
#undef alloca
#define alloca(...) FS_BANNED_(alloca)

/* Hidden state. */
#undef strtok
#define strtok(...) FS_BANNED_(strtok)

/* Lax text to number: cr_parse_u64. */
#undef atoi
#define atoi(...) FS_BANNED_(atoi)
#undef atol
#define atol(...) FS_BANNED_(atol)
#undef atoll
#define atoll(...) FS_BANNED_(atoll)
#undef strtol
#define strtol(...) FS_BANNED_(strtol)
#undef strtoul
#define strtoul(...) FS_BANNED_(strtoul)
#undef strtoll
#define strtoll(...) FS_BANNED_(strtoll)
#undef strtoull
#define strtoull(...) FS_BANNED_(strtoull)
#undef strtod
#define strtod(...) FS_BANNED_(strtod)
#undef sscanf
#define sscanf(...) FS_BANNED_(sscanf)

/* Predictable randomness: cr_random. */
#undef rand
#define rand(...) FS_BANNED_(rand)
#undef srand
#define srand(...) FS_BANNED_(srand)

/* Clocks come in through ports; broken-down time by the _r forms. */
#undef time
#define time(...) FS_BANNED_(time)
#undef localtime
#define localtime(...) FS_BANNED_(localtime)
#undef gmtime
#define gmtime(...) FS_BANNED_(gmtime)
#undef ctime
#define ctime(...) FS_BANNED_(ctime)

#endif
