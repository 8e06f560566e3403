#!/bin/sh
# usage: test_banned.sh COMPILER BANNED_H
# A call of a banned function is an error that names it; a file without one compiles.
set -eu
compiler=$1 header=$2 failed=0

try() { # source on stdin
  "$compiler" -std=c11 -D_POSIX_C_SOURCE=200809L -O1 -include "$header" -fsyntax-only -x c - 2>&1
}

for name in strcpy strcat strncpy strncat sprintf vsprintf strtok atoi atol atoll strtol strtoul \
            strtoll strtoull strtod sscanf gets alloca rand srand time localtime gmtime ctime; do
  # The headers come in again, as in a real file, and must not undo the ban.
  if out=$(printf '#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <time.h>\n#include <alloca.h>\nvoid f(void);\nvoid f(void) { (void)%s(0); }\n' "$name" | try); then
    echo "FAIL: a call of $name compiles"
    failed=1
  elif ! echo "$out" | grep -q "${name}_is_a_banned_function"; then
    echo "FAIL: $name is refused for another reason: $out"
    failed=1
  fi
done

# Neighbours of banned names stay usable, and members may bear a banned name.
if ! out=$(printf '#include <stdio.h>\n#include <string.h>\n#include <time.h>\nstruct s { long time; };\nint f(struct s *s, char *b, struct tm *tm);\nint f(struct s *s, char *b, struct tm *tm) { time_t t = 0; s->time = 1; (void)localtime_r(&t, tm); return snprintf(b, 4, "%%ld", s->time); }\n' | try); then
  echo "FAIL: harmless code is refused: $out"
  failed=1
fi
exit $failed
