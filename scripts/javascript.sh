#!/bin/sh
# Check the site's scripts with ESLint and tsc, which their lock installs into _build/javascript, and run
# the figures' unit tests.
set -u
cd "$(dirname "$0")/.." || exit 2
PATH=$PWD/.venv/bin:$PATH
installed=_build/javascript

# tsc reads the types of TensorFlow.js, so that the packages of book/runtime are needed, too.
for folder in scripts/javascript book/runtime; do
    target=$installed/$folder
    cmp -s $folder/package-lock.json $target/installed.json && continue
    rm -rf "$target"
    mkdir -p $target
    cp $folder/package.json $folder/package-lock.json $target
    if ! npm ci --prefix $target --ignore-scripts --no-audit --no-fund \
        --fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-timeout=30000 >$target/npm.log 2>&1; then
        reason=$(grep -m 1 '^npm error' $target/npm.log || tail -n 1 $target/npm.log)
        echo "javascript: npm could not install the packages of $folder ($reason); check the network and try again (log: $target/npm.log)." >&2
        exit 2
    fi
    cp $folder/package-lock.json $target/installed.json
done

tools=$installed/scripts/javascript
cp scripts/javascript/eslint.config.js $tools # beside the packages that it imports
failed=0
$tools/node_modules/.bin/eslint --config $tools/eslint.config.js book src scripts tests || failed=1
$tools/node_modules/.bin/tsc --project scripts/javascript || failed=1
node --test --test-reporter=dot 'tests/javascript/*.test.js' || failed=1
exit $failed
