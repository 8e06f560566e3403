#!/bin/sh
# The committed page (node/web/dist) is what its sources give, and small enough.
# usage: dist.sh NODE_WEB MODULES
set -eu
here=$(cd "$(dirname "$0")" && pwd)
web=$1 modules=$2
. "$here/bring.sh"
limit=102400 # bytes of the first page, compressed, with everything it needs

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

total=0
for f in "$web"/dist/*; do
    case $f in
    */en.js) continue ;; # fetched when English is chosen
    esac
    total=$((total + $(gzip -9nc "$f" | wc -c)))
done
echo "the first page: $total bytes compressed (limit $limit)"
[ "$total" -le "$limit" ] || fail "the first page has $total bytes compressed, more than $limit"

need_node
bring "$web"
# The sources beside the packages: node/web itself is not written to.
for f in index.html tsconfig.json vite.config.ts src public; do
    rm -rf "${modules:?}/$f"
    cp -R "$web/$f" "$modules/$f"
done
rm -rf "$modules/dist"
(cd "$modules" && timeout 120 npx --no-install tsc --noEmit) || fail "the sources do not pass the type check"
(cd "$modules" && timeout 120 npx --no-install vite build --logLevel warn) || fail "the page cannot be built"
diff -r "$web/dist" "$modules/dist" >"$modules/differs" || {
    head -c 2000 "$modules/differs"
    fail "node/web/dist is not what node/web/src gives: npm ci && npm run build there, and commit dist"
}
