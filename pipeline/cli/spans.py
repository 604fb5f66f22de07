"""Stretches of time as people name them."""

from __future__ import annotations

import time
from dataclasses import dataclass

from pipeline.errors import InvalidInput, PlatformError
from pipeline.instants import format_instant, parse_instant

_FORMS = "use a time such as 2026-03-01T06:00:00+01:00 (no zone means UTC), a time ago such as 2h or 7d, or now"


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` to before `stop`, in milliseconds."""

    start: int
    stop: int

    def __str__(self) -> str:
        return f"{format_instant(self.start)} to {format_instant(self.stop)}"


def parse_span(start: str, stop: str) -> Span:
    """The stretch between two options' texts; raises PlatformError that names the option."""
    now = time.time_ns() // 1_000_000
    span = Span(_parse(start, "--from", now), _parse(stop, "--to", now))
    if span.start >= span.stop:
        raise PlatformError(f"--from: {format_instant(span.start)} is not before --to, {format_instant(span.stop)}")
    return span


def _parse(text: str, option: str, now: int) -> int:
    from pipeline.cli.simulate import parse_duration

    if text == "now":
        return now
    try:
        if text[-1:] in ("s", "m", "h", "d"):
            return now - parse_duration(text, option)
        return parse_instant(text)
    except (PlatformError, InvalidInput):
        raise PlatformError(f"{option}: {_FORMS}") from None


def spoken_span(milliseconds: int) -> str:
    """A duration in its two largest units: `2 d 3 h`, `4 min 20 s`, `0.5 s`."""
    seconds, rest = divmod(abs(milliseconds), 1000)
    if seconds < 60:
        return f"{seconds + rest / 1000:g} s"
    parts = []
    for size, name in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, seconds = divmod(seconds, size)
        parts.append((count, name))
    first = next(index for index, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count} {name}" for count, name in parts[first : first + 2] if count)
