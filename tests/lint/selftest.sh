#!/bin/sh
# Each lint rule is tested: a clean little tree passes all scripts, and one planted violation at a
# time makes the script of its rule fail and name the place.
# usage: selftest.sh METER [COMPILER]
set -eu
lint=$(cd "$(dirname "$0")" && pwd)
meter=$1
cc=${2:-cc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
failures=0
checks=0

fresh() { # a tree that breaks no rule
    rm -rf "$tree"
    mkdir -p "$tree/crypto/base" "$tree/schema" "$tree/sync" "$tree/node" "$tree/tests/unit"
    for layer in crypto:cr schema:sc sync:sy node:nd; do
        folder=${layer%:*}
        cat >"$tree/$folder/good.h" <<END
/* A header; "#include <uv.h>" in a comment is nothing. */
#ifndef ${layer#*:}_GOOD_H
#define ${layer#*:}_GOOD_H

#include <stddef.h>

size_t ${layer#*:}_good(size_t n);

#endif
END
        cat >"$tree/$folder/good.c" <<END
#include "$folder/good.h"

static size_t twice(size_t n)
{
    return 2 * n;
}

size_t ${layer#*:}_good(size_t n)
{
    return twice(n);
}
END
    done
    echo 'project(x)' >"$tree/CMakeLists.txt"
    cp "$lint/../../.clang-format" "$tree/"
}

plant() { # plant FILE LINE...: appends the lines to the file
    file=$tree/$1
    shift
    printf '%s\n' "$@" >>"$file"
}

run() { # run SCRIPT: the script as the suite calls it, output kept
    case $1 in
    layers | names | length) "$lint/$1.sh" "$tree" "$meter" ;;
    headers) "$lint/headers.sh" "$tree" "$cc" ;;
    purity) "$lint/purity.sh" "$lint/sync.allow" "$work/lib.a" ;;
    *) "$lint/$1.sh" "$tree" ;;
    esac >"$work/out" 2>&1
}

verdict() { # verdict OK WORDS
    checks=$((checks + 1))
    [ "$1" = yes ] || {
        echo "FAILED: $2"
        sed 's/^/    /' "$work/out"
        failures=$((failures + 1))
    }
}

passes() { # passes SCRIPT WHY
    status=0
    run "$1" || status=$?
    case $status in
    0) verdict yes ;;
    77) echo "$1: $(cat "$work/out")" ;;
    *) verdict no "$1 must pass: $2" ;;
    esac
}

catches() { # catches SCRIPT WORD WHY: fails, naming WORD
    status=0
    run "$1" || status=$?
    if [ "$status" -eq 1 ] && grep -qF "$2" "$work/out"; then
        verdict yes
    elif [ "$status" -ne 77 ]; then
        verdict no "$1 must fail (it gave $status) and name $2: $3"
    fi
    fresh
}

library() { # library LINE...: compiles the lines to lib.a
    printf '%s\n' "$@" >"$work/lib.c"
    "$cc" -O1 -c "$work/lib.c" -o "$work/lib.o"
    rm -f "$work/lib.a"
    ar cr "$work/lib.a" "$work/lib.o"
}

lines() { # lines N TEXT
    i=0
    while [ "$i" -lt "$1" ]; do
        echo "$2"
        i=$((i + 1))
    done
}

fresh
for script in layers names length headers format text layout; do
    passes "$script" 'nothing is wrong'
done

# layers
plant crypto/bad.c '#include "schema/good.h"' && catches layers crypto/bad.c:1 'crypto sees schema'
plant schema/bad.c '#include "sync/good.h"' && catches layers schema/bad.c:1 'schema sees sync'
plant sync/bad.h '#include "node/good.h"' && catches layers sync/bad.h:1 'sync sees node'
plant node/bad.c '#include "tests/good.h"' && catches layers node/bad.c:1 'tests are included'
plant crypto/base/bad.h '#include "crypto/good.h"' && catches layers crypto/base/bad.h:1 'base sees crypto'
plant schema/bad.c '#include "good.h"' && catches layers schema/bad.c:1 'not from the root'
plant schema/bad.c '' '#  include  <sodium.h>' && catches layers schema/bad.c:2 'sodium outside crypto'
plant schema/entry.c '#include <msgpack.h>' && catches layers schema/entry.c:1 'msgpack outside wire'
plant schema/wire_x.c '#include <msgpack.h>' && passes layers 'msgpack in wire' && fresh
plant schema/bad.c '#include <zstd.h>' && catches layers schema/bad.c:1 'zstd outside pack'
plant node/driver_x.c '#include <sqlite3.h>' && catches layers node/driver_x.c:1 'sqlite in driver'
plant node/uv_x.c '#include <sqlite3.h>' && catches layers node/uv_x.c:1 'sqlite in network'
plant node/store_x.c '#include <uv.h>' && catches layers node/store_x.c:1 'uv in store'
plant node/link.c '#include <uv.h>' && catches layers node/link.c:1 'uv in link'
plant node/ports.h '#include <uv.h>' && catches layers node/ports.h:1 'uv in ports'
plant node/main.c '#include <ini.h>' && catches layers node/main.c:1 'inih outside config'
plant schema/bad.c '#include <jansson.h>' && catches layers schema/bad.c:1 'jansson outside node'
plant sync/bad.c '#include <time.h>' && catches layers sync/bad.c:1 'clock in sync'
plant sync/bad.c '#include <stdio.h>' && catches layers sync/bad.c:1 'stdio in sync'
plant sync/bad.c '#if 0' '#else' '#include <unistd.h>' '#endif' && catches layers sync/bad.c:3 'other branch'
plant node/driver.c '#include <sys/socket.h>' && catches layers node/driver.c:1 'socket in driver'
plant node/driver.c '#include "node/uv_x.h"' && catches layers node/driver.c:1 'driver sees network'
plant node/store_x.c '#include "node/uv_x.h"' && catches layers node/store_x.c:1 'store sees network'
plant node/uv_x.c '#include "node/store_x.h"' && catches layers node/uv_x.c:1 'network sees store'

# names
plant crypto/bad.c 'int helper(void)' '{' 'return 1;' '}' && catches names helper 'no prefix'
plant schema/bad.h 'static inline int sy_x(void) { return 1; }' && catches names sy_x "another layer's"
plant sync/bad.h 'typedef struct sy_x { int a; } sy_x;' && catches names sync/bad.h:1 'typedef of a struct'
plant node/main.c 'int main(void) { return 0; }' && passes names 'main is main' && fresh

# length: 69 lines pass, 70 do not; braces in strings, comments and macros count for nothing
{
    echo 'static char *f(void)'
    echo '{ /* } */'
    lines 66 '    "}{{" + 1; /* { */ // {'
    echo '}'
} >"$tree/sync/long.c" && passes length '69 lines'
{
    echo '#define OPEN {'
    echo 'int a[] = {1, 2};'
    echo 'static int f(void)'
    echo '{'
    lines 67 "    '{';"
    echo '}'
} >"$tree/sync/long.c" && catches length sync/long.c:3 '70 lines'
{
    echo 'struct x {int a;};'
    echo '__attribute__((cold)) static int f(int (*g)(void),'
    echo 'int b) {'
    lines 67 '    if (x) { y(); }'
    echo '}'
} >"$tree/tests/unit/long.c" && catches length 'f has 70' '70 lines in tests'
lines 1001 '/* */' >"$tree/node/long.c" && catches length node/long.c '1001 lines of .c'
lines 301 '/* */' >"$tree/node/long.h" && catches length node/long.h '301 lines of .h'
plant node/open.c 'int nd_f(void) {' && catches length node/open.c 'a brace never closed'

# headers
plant schema/bad.h 'size_t sc_x(void);' && catches headers schema/bad.h 'size_t without stddef.h'
plant schema/bad.h 'struct sc_x { int a; };' && catches headers schema/bad.h 'no include guard'

# format, text, layout
plant sync/good.c 'static  int x ;' && catches format sync/good.c 'blanks'
plant node/a.sh 'cd /ho''me/alice/src' && catches text node/a.sh:1 'a path of a machine'
plant node/a.md 'To''DO later' && passes text 'a word, not the mark' && fresh
plant node/a.c '/* TO''DO: later */' && catches text node/a.c:1 'unfinished'
plant node/a.c '<<<<''<<< HEAD' && catches text node/a.c:1 'conflict marker'
plant notes.txt 'x' && catches layout notes.txt 'a file at the top'
plant 'node/a b.txt' 'x' && catches layout 'node/a b.txt' 'a blank'

# purity
library '#include <string.h>' 'void *sy_f(void *p, const void *q, size_t n) { return memcpy(p, q, n); }'
passes purity 'memcpy is pure'
library 'long time(long *); long sy_f(void) { return time(0); }'
catches purity 'needs time' 'a clock'
library 'int socket(int, int, int); int sy_f(void) { return socket(1, 2, 3); }'
catches purity 'needs socket' 'a socket'
library 'int sy_f(void) { static int calls; return ++calls; }'
catches purity 'bytes of writable data' 'a static local'
library 'static const char *const names[] = {"a", "b"}; const char *sy_f(int i) { return names[i]; }'
passes purity 'a constant table of pointers'

# tests/run: a failing test in either suite fails it, and the verdict is the last line
closes() { # closes RESULT VERDICT: tests/run over what is in builds/ gives that exit and last line
    status=0
    FS_BUILD_DIR=$work/builds "$lint/../run" --no-build >"$work/out" 2>&1 || status=1
    if [ "$status" -eq "$1" ] && [ "$(tail -n 1 "$work/out")" = "$2" ]; then
        verdict yes
    else
        verdict no "tests/run must give $1 and: $2"
    fi
}
mkdir -p "$work/builds/plain" "$work/builds/asan"
echo 'add_test(good true)' >"$work/builds/plain/CTestTestfile.cmake"
echo 'add_test(asan.bad false)' >"$work/builds/asan/CTestTestfile.cmake"
closes 1 '50% tests passed, 1 tests failed out of 2'
echo 'add_test(asan.good true)' >"$work/builds/asan/CTestTestfile.cmake"
closes 0 '100% tests passed, 0 tests failed out of 2'

# node/deps: silent when complete, names what is missing, refuses what it does not know
deps() { # deps RESULT PATTERN ARGUMENT...: exit, and what the first line printed is
    want=$1
    pattern=$2
    shift 2
    status=0
    "$lint/../../node/deps" "$@" >"$work/out" 2>"$work/err" || status=$?
    first=$(head -n 1 "$work/out")
    # the pattern is meant to match
    # shellcheck disable=SC2254
    case $status:$first in
    $want:$pattern) verdict yes ;;
    *) verdict no "node/deps $* must give $want and print $pattern" ;;
    esac
}
deps 0 '' build
deps 2 '' everything
PKG_CONFIG_LIBDIR=$work/none
export PKG_CONFIG_LIBDIR
deps 1 'lib*-dev' build
unset PKG_CONFIG_LIBDIR

echo "$checks checks, $failures failed"
[ "$failures" -eq 0 ]
