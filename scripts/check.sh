#!/bin/sh
# What a commit is held to: style, rooms, the site's scripts, the chapters' format, and the tests that
# need neither a built book nor a trained network.
set -eu
cd "$(dirname "$0")/.."
.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/ruff format --check --isolated --line-length 82 notebooks/*.ipynb
.venv/bin/lint-imports --no-cache >.venv/lint-imports.log || {
    cat .venv/lint-imports.log
    exit 1
}
.venv/bin/mypy
scripts/javascript.sh
.venv/bin/python -m pytest -q -n 2 --dist loadscope -m quick "$@"
