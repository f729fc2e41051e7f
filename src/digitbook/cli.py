"""The `digitbook` command."""
