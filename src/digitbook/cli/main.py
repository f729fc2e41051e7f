"""Run a command, and turn what goes wrong into one sentence and an exit code."""

from __future__ import annotations

import os
import sys
import warnings

from digitbook.cli.parser import make_parser
from digitbook.errors import BadInput

EXTRAS = {"serve": "serve", "sweep": "experiments"}
"""What to install for a command that lacks a package; all others need `train`."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 for a failed build, 2 for bad input."""
    options = make_parser().parse_args(arguments)
    warnings.showwarning = lambda message, *_, **__: print(f"Note: {message}", file=sys.stderr)
    try:
        code = options.run(options)
        sys.stdout.flush()
        return code
    except BadInput as error:
        print(f"digitbook: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        if str(error.name).startswith("digitbook"):
            raise
        print(f"digitbook: {_lacking(str(error.name), options.run.__name__)}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read the output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if error.filename is None:
            raise
        print(f"digitbook: {error.filename} cannot be used: {error.strerror}.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        goes_on = "; the same command goes on from here" if "goes_on" in options else ""
        print(f"digitbook: stopped{goes_on}.", file=sys.stderr)
        return 130


def _lacking(package: str, command: str) -> str:
    if command == "build":
        return "The book is built in a clone of it, where `make book` also installs what that needs."
    extra = EXTRAS.get(command, "train")
    return f'{command} needs {package}, which is not installed: pip install "digitbook[{extra}]".'
