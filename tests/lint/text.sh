#!/bin/sh
# What slips in unseen: paths of somebody's machine, words of unfinished work, conflict markers.
# usage: text.sh ROOT
set -eu
root=$1
. "$(dirname "$0")/lib.sh"

paths='(^|[^A-Za-z0-9_.:/}$-])/(home/[a-z]|root/|Users/|work/|workspace/|mnt/)'
words='(^|[^A-Za-z_])(TODO|FIXME|XXX|HACK)([^A-Za-z_]|$)'
marks='^(<<<<<<<|>>>>>>>) '
tree_files ! -name package-lock.json ! -path './tests/lint/text.sh' |
    (cd "$root" && xargs -r grep -nIE "$paths|$words|$marks") | report text
