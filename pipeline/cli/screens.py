"""Where tables go."""

from __future__ import annotations

import sys

from rich.console import Console

_FILE_WIDTH = 200


def make_console() -> Console:
    """Standard output as wide as the terminal; wide enough for whole lines where it is a file or a pipe."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else _FILE_WIDTH)
