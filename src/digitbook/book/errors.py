"""Why the book cannot be built."""

from __future__ import annotations


class BookError(Exception):
    """The book cannot be built; the message says which part and why."""


class NotFound(BookError):
    """What the build was asked for does not exist: the book, or a chapter."""
