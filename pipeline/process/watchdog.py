"""The watchdog: a process that has work and makes no progress exits, and its supervisor starts it anew.

Clients of brokers and databases can stand still without an error: a thread dies silently, a consumer never fetches
again after an outage. Restarting is always safe here, so no attempt is made to mend such a thing from inside.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.process import metrics
from pipeline.process.logs import get_log

EXIT_CODE = 70
_EVERY_SECONDS = 0.5
_LOOP_PATIENCE_SECONDS = 30.0

Check = Callable[[], str | None]
"""Answers None while all is well, else one sentence on what stands still. Must not block."""


@dataclass(slots=True)
class _Watched:
    name: str
    check: Check
    patience_seconds: float
    bad_since: float | None = None


class Watchdog:
    """Runs checks twice a second on the event loop, and watches the loop itself from a thread.

    `exit_process` gets the exit code; it must not return in production (`os._exit`).
    """

    def __init__(
        self,
        *,
        exit_process: Callable[[int], object] = os._exit,
        clock: Callable[[], float] = time.monotonic,
        loop_patience_seconds: float = _LOOP_PATIENCE_SECONDS,
    ) -> None:
        self._exit = exit_process
        self._clock = clock
        self._loop_patience = loop_patience_seconds
        self._watched: list[_Watched] = []
        self._beat = clock()
        self._stopped = threading.Event()
        self._log = get_log("watchdog")

    def watch(self, name: str, check: Check, patience_seconds: float) -> None:
        """Exit once `check` has found something wrong for `patience_seconds` without a break."""
        self._watched.append(_Watched(name, check, patience_seconds))

    async def run(self) -> None:
        """Check until cancelled."""
        threading.Thread(target=self._watch_loop, name="watchdog", daemon=True).start()
        try:
            while True:
                self.check_once()
                await asyncio.sleep(_EVERY_SECONDS)
        finally:
            self._stopped.set()

    def check_once(self) -> None:
        """Run every check once."""
        now = self._beat = self._clock()
        for watched in self._watched:
            finding = watched.check()
            if finding is None:
                watched.bad_since = None
            elif watched.bad_since is None:
                watched.bad_since = now
            elif now - watched.bad_since >= watched.patience_seconds:
                self._leave(watched.name, finding, now - watched.bad_since)

    def _watch_loop(self) -> None:
        while not self._stopped.wait(_EVERY_SECONDS):
            stood_still = self._clock() - self._beat
            if stood_still >= self._loop_patience:
                self._leave("event_loop", "the event loop does not turn", stood_still)

    def _leave(self, check: str, finding: str, seconds: float) -> None:
        metrics.WATCHDOG_EXITS.labels(check).inc()
        self._log.error("watchdog_exit", check=check, finding=finding, seconds=round(seconds, 1))
        self._exit(EXIT_CODE)


class Progress:
    """A check for one stage: something waits, and the count of what was done does not move."""

    def __init__(self, what: str) -> None:
        self._what = what
        self.waiting = False
        self.done = 0
        self._seen = -1

    def advance(self, by: int = 1) -> None:
        """Note that work was done."""
        self.done += by

    def __call__(self) -> str | None:
        """The check for `Watchdog.watch`."""
        moved = self.done != self._seen
        self._seen = self.done
        return None if moved or not self.waiting else f"{self._what}: work is waiting and nothing is done"
