#!/bin/sh
# Make sure that there is a Chromium for the browser tests, or name the command that installs one.
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null && exit 0
done
.venv/bin/python - <<'PYTHON' 2>/dev/null && exit 0
import pathlib, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    sys.exit(not pathlib.Path(playwright.chromium.executable_path).exists())
PYTHON
echo "No Chromium found; installing one for the browser tests"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && apt-get install -y -qq chromium >/dev/null 2>&1 && exit 0
fi
.venv/bin/playwright install chromium && exit 0
echo "test: there is no Chromium and it could not be installed; install your system's package (on Debian: sudo apt install chromium) and try again." >&2
exit 2
