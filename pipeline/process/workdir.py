"""A directory for each worker: workers of one kind on one machine must not share files."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO


class WorkDir:
    """The first free of `<base>/<name>-0`, `-1`, … ; held until the process ends."""

    def __init__(self, base: Path, name: str) -> None:
        number = 0
        while True:
            path = base / f"{name}-{number}"
            path.mkdir(parents=True, exist_ok=True)
            lock = _try_lock(path / "lock")
            if lock is not None:
                self.path = path.resolve()
                self._lock = lock
                return
            number += 1


def _try_lock(path: Path) -> IO[str] | None:
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
