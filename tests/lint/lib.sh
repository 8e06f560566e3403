# Shared by the lint scripts; they are called as `SCRIPT.sh ROOT ...`. Sourced, after `root` is set.
# shellcheck shell=sh disable=SC2154

# Files of the tree, relative to the root, that match a find expression: what git would carry, and
# nothing made (builds, the page's modules and built bundle) or given (vectors, corpora).
tree_files() { # tree_files FIND-EXPRESSION...
    (cd "$root" && find . \( -name .git -o -name 'build' -o -name 'build-*' -o -name node_modules \
        -o -path ./node/web/dist -o -path ./tests/vectors -o -path ./tests/fuzz/corpus \) -prune \
        -o -type f \( "$@" \) -print) | sed 's|^\./||' | LC_ALL=C sort
}

# Prints standard input, a list of violations; fails the script when there is one.
report() { # report RULE
    found=$(cat)
    [ -n "$found" ] || return 0
    printf '%s\n' "$found"
    printf '%s: %s violation(s)\n' "$1" "$(printf '%s\n' "$found" | wc -l)" >&2
    exit 1
}

# What this check needs is not here: say so, and tell ctest that it did not run.
skip() { # skip REASON
    echo "skipped: $*"
    exit 77
}

# Runs cmeter over the C files under the folders given.
measure() { # measure METER FOLDER...
    case $1 in
    /*) meter=$1 ;;
    *) meter=$PWD/$1 ;;
    esac
    shift
    files=$(for folder; do tree_files -path "./$folder/*.[ch]"; done)
    [ -n "$files" ] || return 0
    # file names have no blanks here: layout.sh sees to it
    # shellcheck disable=SC2086
    (cd "$root" && "$meter" $files)
}
