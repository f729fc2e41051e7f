#!/bin/sh
# Check the site's scripts with ESLint and tsc, and run the figures' unit tests.
set -u
cd "$(dirname "$0")/.." || exit 2
PATH=$PWD/.venv/bin:$PATH

# tsc reads the types of TensorFlow.js, so that the packages of book/runtime are needed, too.
scripts/npm.sh scripts/javascript book/runtime || exit 2

tools=_build/javascript/scripts/javascript
cp scripts/javascript/eslint.config.js $tools # beside the packages that it imports
failed=0
$tools/node_modules/.bin/eslint --config $tools/eslint.config.js book src scripts tests || failed=1
$tools/node_modules/.bin/tsc --project scripts/javascript || failed=1
node --test --test-reporter=dot 'tests/javascript/*.test.js' || failed=1
exit $failed
