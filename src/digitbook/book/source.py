"""Code of the library, shown where a chapter talks about it."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from IPython.display import Markdown


def show_source(*functions: Callable) -> Markdown:
    """Show the source code of functions of the library."""
    code = "\n\n".join(inspect.getsource(function) for function in functions)
    return Markdown(f"```python\n{code}```")
