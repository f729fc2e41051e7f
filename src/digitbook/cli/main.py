"""Run a command, and turn what goes wrong into one sentence and an exit code."""

from __future__ import annotations

import os
import sys
import warnings

import click

from digitbook.cli import book, data, exercises, experiments, reading, release, training
from digitbook.errors import BadInput

GOES_ON = {
    "build",
    "sweep",
    "labels",
    "robustness",
    "transfer",
    "readers",
    "refusal",
    "papers",
    "numbers",
    "ink",
    "line",
}
"""Commands that go on from where they were stopped."""
EXTRAS = {"serve": "serve", "sweep": "experiments", "papers": "experiments", "ink": "experiments"}
"""What to install for a command that lacks a package; all others need `train`."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(package_name="digitbook")
def digitbook() -> None:
    """Build the book on handwritten digits; train, record, score and use its networks."""


for command in (
    book.build,
    book.notebooks,
    data.data,
    exercises.exercises,
    training.train,
    training.evaluate,
    training.sweep,
    release.release,
    release.export,
    release.ink,
    release.line,
    reading.predict,
    reading.serve,
    experiments.strangers,
    experiments.labels,
    experiments.robustness,
    experiments.transfer,
    experiments.readers,
    experiments.papers,
    experiments.refusal,
    experiments.numbers,
):
    digitbook.add_command(command)


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code: 0, 1 after a failure, 2 for bad input, 130 if stopped."""
    arguments = sys.argv[1:] if arguments is None else arguments
    name = arguments[0] if arguments else ""
    warnings.showwarning = lambda message, *_, **__: print(f"Note: {message}", file=sys.stderr)
    try:
        code = digitbook.main(arguments, prog_name="digitbook", standalone_mode=False)
        sys.stdout.flush()
        return code or 0
    except click.exceptions.NoArgsIsHelpError as help_asked_for:
        help_asked_for.show()
        return 2
    except click.ClickException as error:
        return _refuse(error.format_message())
    except BadInput as error:
        return _refuse(str(error))
    except ModuleNotFoundError as error:
        if str(error.name).startswith("digitbook"):
            raise
        return _refuse(_lacking(str(error.name), name))
    except BrokenPipeError:  # whoever read the output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if error.filename is None:
            raise
        return _refuse(f"{error.filename} cannot be used: {error.strerror}.")
    except click.Abort:
        goes_on = "; the same command goes on from here" if name in GOES_ON else ""
        print(f"digitbook: stopped{goes_on}.", file=sys.stderr)
        return 130


def _refuse(sentence: str) -> int:
    print(f"digitbook: {sentence}", file=sys.stderr)
    return 2


def _lacking(package: str, command: str) -> str:
    if command == "build":
        return "The book is built in a clone of it, where `make book` also installs what that needs."
    extra = EXTRAS.get(command, "train")
    return f'{command} needs {package}, which is not installed: pip install "digitbook[{extra}]".'
