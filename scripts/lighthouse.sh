#!/bin/sh
# Measure pages of the built book by Lighthouse's mobile defaults (a phone on a slow line) and print the scores.
set -eu
cd "$(dirname "$0")/.."
site=${SITE:-_build/html}
[ -f $site/book/index.html ] || { echo "lighthouse: there is no built book; run \`make book\` first." >&2; exit 2; }
scripts/browser.sh
scripts/npm.sh scripts/lighthouse
exec .venv/bin/python scripts/lighthouse/measure.py $site "$@"
