"""When to send what: a recording replayed at some speed, without any reading from the future."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import PlatformError


@dataclass(frozen=True, slots=True)
class Pace:
    """`speed` times as fast as it was recorded; None: as fast as it goes. `shift` is added to each time (ms)."""

    speed: float | None
    first: int
    shift: int = 0

    def due_after(self, ts: int) -> float:
        """Seconds after the start at which a reading of this (unshifted) time is due."""
        return 0.0 if self.speed is None else max(0, ts - self.first) / 1000 / self.speed


def shift_to_now(first: int, last: int, now: int, speed: float | None) -> int:
    """What to add to times in [first, last] so that the replay, begun now, ends at now or runs along with it.

    No reading gets a time later than the moment it is sent: the platform refuses times from the future. A replay
    faster than life therefore starts in the past and catches up with the clock at its end.
    """
    if speed is None:
        return now - last
    if speed <= 1:
        return now - first
    return now + round((last - first) / speed) - last


def parse_speed(text: str) -> float | None:
    """A factor, or None for `max`; raises PlatformError."""
    if text == "max":
        return None
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor < 1e9:
        raise PlatformError("--speed: use a number above 0, such as 60, or max")
    return factor
