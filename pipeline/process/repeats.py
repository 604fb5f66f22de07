"""Libraries repeat themselves while a server is away, many times a second; the log says each thing once in a while."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

EVERY_SECONDS = 10.0
OURS = "iiot"


class RepeatFilter(logging.Filter):
    """Lets a library's message through at most once in ten seconds, with the number of those left out meanwhile."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be written; messages count as equal if only their arguments differ."""
        if record.name.partition(".")[0] == OURS:
            return True
        key = (record.name, str(record.msg))
        now = self._clock()
        written, left_out = self._seen.get(key, (float("-inf"), 0))
        if now - written < EVERY_SECONDS:
            self._seen[key] = (written, left_out + 1)
            return False
        if left_out:
            record.msg, record.args = f"{record.getMessage()} ({left_out} more like it)", None
        self._seen[key] = (now, 0)
        return True
