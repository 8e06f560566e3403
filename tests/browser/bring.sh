# Shared by run and dist.sh; sourced. Sets $modules before.
# shellcheck shell=sh

skip() {
    echo "SKIPPED: $*"
    exit 77
}

need_node() {
    command -v node >/dev/null && command -v npm >/dev/null ||
        skip "no Node.js with npm (node/deps --install tests)"
    major=$(node -p 'process.versions.node.split(".")[0]')
    [ "$major" -ge 20 ] || skip "Node.js $major is too old: 20 or newer is wanted"
}

# bring DIR: the packages of DIR/package-lock.json in $modules/node_modules. When the registry could
# not be reached it is not asked again for ten minutes; a lock file that does not fit is a failure.
bring() {
    mkdir -p "$modules"
    cmp -s "$1/package-lock.json" "$modules/brought" && return 0
    [ -z "$(find "$modules" -maxdepth 1 -name absent -mmin -10)" ] || skip "$(cat "$modules/absent")"
    cp "$1/package.json" "$1/package-lock.json" "$modules/"
    if (cd "$modules" && timeout 240 npm ci --ignore-scripts --no-audit --no-fund \
        --fetch-retries 1 --fetch-timeout 30000 >npm.log 2>&1); then
        cp "$1/package-lock.json" "$modules/brought"
        return 0
    fi
    cat "$modules/npm.log"
    if grep -q 'EUSAGE\|EINTEGRITY\|EJSONPARSE' "$modules/npm.log"; then
        echo "FAILED: $1/package-lock.json does not fit" >&2
        exit 1
    fi
    echo "the npm registry could not be reached (npm.log in $modules)" >"$modules/absent"
    skip "$(cat "$modules/absent")"
}
