#!/bin/sh
# Build the book on mnist5k with every data host out of reach, run its chapters again, run all tests.
set -eu
cd "$(dirname "$0")/.."
scripts/browser.sh

build=_build/test
mkdir -p $build

# What the site needs of npm is fetched before every host is out of reach.
DIGITBOOK_CACHE=$PWD/$build/cache .venv/bin/python - <<'PYTHON'
from pathlib import Path
from digitbook.book import web_assets
try:
    web_assets.bundle(Path("book/runtime"))
except web_assets.RuntimeMissing as error:
    print(f"test: the drawing page and the fonts will not be tested: {error}")
PYTHON

export KERAS_HOME=$PWD/$build/keras https_proxy=http://127.0.0.1:9 HTTPS_PROXY=http://127.0.0.1:9
unset DIGITBOOK_DATA
export TF_CPP_MIN_LOG_LEVEL=3

DIGITBOOK_CACHE=$PWD/$build/cache .venv/bin/digitbook build --data mnist5k --output $build

echo "Running every chapter again with an empty model cache (nbval), and all tests"
rm -rf $build/second-cache
mkdir $build/second-cache
[ ! -d $build/cache/runtime ] || cp -R $build/cache/runtime $build/second-cache
DIGITBOOK_CACHE=$PWD/$build/second-cache .venv/bin/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder \
    -m "not mnist and not registry and not weekly" --nbval --nbval-sanitize-with tests/sanitize.cfg --nbval-cell-timeout 1800 \
    --durations 20 $build/executed tests "$@"
