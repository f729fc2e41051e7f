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

# uv reads nothing of pip's configuration, where a company names its own index.
settings=$(.venv/bin/python -m pip config list 2>/dev/null)
hand_on() {
    value=$(for section in global install :env:; do
        printf '%s\n' "$settings" | sed -n "s/^$section\.$2='\(.*\)'\$/\1/p"
    done | tail -n 1 | sed 's/\\n/ /g')
    # Unquoted, so that blanks at either end go.
    [ -z "$value" ] || export "$1=$(echo $value | tr ' ' "${3:- }")"
}
hand_on UV_DEFAULT_INDEX index-url
hand_on UV_INDEX extra-index-url
hand_on UV_FIND_LINKS find-links ,
hand_on UV_INSECURE_HOST trusted-host
hand_on SSL_CERT_FILE cert
# As with pip, any of them may serve a version; its hash says whether it is the locked one.
export UV_INDEX_STRATEGY=unsafe-best-match

log=.venv/install.log
pip() {
    .venv/bin/python -m pip "$@" --disable-pip-version-check --retries 2 --timeout 30 2>"$log"
}

# uv draws its progress on standard error, and only on a terminal. It leaves compiling to the first
# import, seven seconds, except where Python may not keep what it compiled.
by_uv() {
    sed -n '/^uv==/,/# via/p' requirements.txt >.venv/uv.txt
    pip install --quiet --require-hashes -r .venv/uv.txt &&
        .venv/bin/uv pip sync --python .venv/bin/python --require-hashes \
            ${PYTHONDONTWRITEBYTECODE:+--compile-bytecode} requirements.txt 2>&1 &&
        .venv/bin/uv pip install --python .venv/bin/python --no-deps --no-build-isolation -e . 2>&1
}

by_pip() {
    echo "uv could not install them here, so pip tries: about three minutes the first time (log: $log)"
    pip install --require-hashes -r requirements.txt && pip install --no-deps --no-build-isolation -e .
}

echo "Installing the locked packages into .venv: less than a minute the first time"
if ! by_uv && ! by_pip; then
    if grep -qi 'no space left' "$log"; then
        fail "the disk is full; make room ($needed_mb MB in all) and try again."
    elif grep -q 'DO NOT MATCH THE HASHES' "$log"; then
        package=$(sed -n 's/^ *\([^ ]*==[^ ]*\) from .*/\1/p' "$log" | head -n 1)
        fail "the package index sent another $package than the one locked in requirements.txt, so it was not installed; try again, or with another index (log: $log)."
    elif grep -qiE 'connection|resolve|timed out|unreachable|proxy|max retries' "$log"; then
        fail "the package index cannot be reached; check the network and try again (log: $log)."
    fi
    fail "installing failed: $(grep -i error "$log" | tail -n 1) (log: $log)"
fi
