"""The `digitbook` command: `main` runs it, `parser` reads it, and `actions` do what it asks."""

from digitbook.cli.main import main

__all__ = ["main"]
