#!/bin/sh
# schema/RECORDS.md is what the program makes of the catalogue.
# usage: records.sh ROOT FENGSUI
set -eu
[ -x "$2" ] || exit 77
"$2" record types --markdown | diff -u "$1/schema/RECORDS.md" - || {
    echo "schema/RECORDS.md: fengsui record types --markdown >schema/RECORDS.md"
    exit 1
}
