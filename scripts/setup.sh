#!/bin/sh
# Create .venv and install the locked packages, or say in one sentence why that cannot be done.
set -u
cd "$(dirname "$0")/.." || exit 2
needed_mb=4000

fail() {
    echo "setup: $1" >&2
    exit 2
}

works() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

python=
for candidate in ${PYTHON:-python3.12 python3.11 python3.13 python3 python}; do
    if works "$candidate"; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || fail "Python 3.11, 3.12 or 3.13 is needed and none was found (${PYTHON:-python3} is $(${PYTHON:-python3} --version 2>&1 | head -n 1)); install one, or name it: make book PYTHON=/path/to/python3.12"

"$python" -c 'import venv, ensurepip' 2>/dev/null ||
    fail "$python has no venv module; install it (on Debian and Ubuntu: apt install python3-venv) and try again."

if ! works .venv/bin/python || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    free_mb=$(df -Pm . | awk 'NR == 2 { print $4 }')
    [ "$free_mb" -ge "$needed_mb" ] ||
        fail "the packages need $needed_mb MB of disk and only $free_mb MB are free here; make room and try again."
    rm -rf .venv
    "$python" -m venv .venv >/dev/null 2>&1 || fail "$python could not create .venv here; is the folder writable?"
fi

log=.venv/install.log
echo "Installing the locked packages into .venv: about three minutes the first time (log: $log)"
if ! {
    .venv/bin/python -m pip install --disable-pip-version-check --retries 2 --timeout 30 -r requirements.txt &&
        .venv/bin/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation -e .
} >"$log" 2>&1; then
    if grep -qi 'no space left' "$log"; then
        fail "the disk is full; make room ($needed_mb MB in all) and try again."
    elif grep -qiE 'connection|resolve|timed out|unreachable|proxy|max retries' "$log"; then
        fail "the package index cannot be reached; check the network and try again (log: $log)."
    fi
    fail "installing failed: $(grep -i error "$log" | tail -n 1) (log: $log)"
fi
