"""The `digitbook` command: `main` runs it, and each other module holds a group of its commands.

A command imports the part of the library that it runs when it runs, so that help and completion are
quick, and work where only some of the packages are installed.
"""

from digitbook.cli.main import main

__all__ = ["main"]
