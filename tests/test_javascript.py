"""What the check of the site's scripts says when its tools cannot be had."""

import os
import shutil
import subprocess

from conftest import ROOT


def test_without_npm_the_check_says_why_it_cannot_run(tmp_path):
    for name in ("scripts", "book"):
        shutil.copytree(ROOT / name, tmp_path / name)
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text("#!/bin/sh\necho 'npm error code ENOTFOUND' >&2\nexit 1\n")
    npm.chmod(0o755)
    environment = {**os.environ, "PATH": f"{npm.parent}:{os.environ['PATH']}"}
    script = tmp_path / "scripts" / "javascript.sh"
    for _ in range(2):  # what the first try left must not pass for installed
        done = subprocess.run([script], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert "npm could not install the packages of scripts/javascript" in done.stderr
        assert "ENOTFOUND" in done.stderr
