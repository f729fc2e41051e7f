#!/bin/sh
# Install the npm packages that each given folder's lock names into _build/javascript, if they are not there.
set -u
cd "$(dirname "$0")/.." || exit 2
PATH=$PWD/.venv/bin:$PATH

for folder; do
    target=_build/javascript/$folder
    cmp -s "$folder/package-lock.json" "$target/installed.json" && continue
    rm -rf "$target"
    mkdir -p "$target"
    cp "$folder/package.json" "$folder/package-lock.json" "$target"
    if ! npm ci --prefix "$target" --ignore-scripts --no-audit --no-fund \
        --fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-timeout=30000 >"$target/npm.log" 2>&1; then
        reason=$(grep -m 1 '^npm error' "$target/npm.log" || tail -n 1 "$target/npm.log")
        echo "npm could not install the packages of $folder ($reason); check the network and try again (log: $target/npm.log)." >&2
        exit 2
    fi
    cp "$folder/package-lock.json" "$target/installed.json"
done
