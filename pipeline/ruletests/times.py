"""Times in a test: since its start, or as instants."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from pydantic_core import PydanticCustomError

from pipeline.errors import InvalidInput
from pipeline.instants import from_datetime, parse_instant

_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_DURATION = re.compile(rf"(?:{_PART.pattern})+")
_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def parse_length(value: object) -> int:
    """Milliseconds of text such as 500ms, 90s or 1h30m, or of a number of seconds; for pydantic."""
    if isinstance(value, str) and _DURATION.fullmatch(value):
        return round(sum(float(match[1]) * _UNIT_MS[match[2]] for match in _PART.finditer(value)))
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return round(value * 1000)
    raise PydanticCustomError("length", "use a duration such as 90s, 5m or 1h30m")


def parse_start(value: object) -> int:
    """An instant of ISO 8601 text, or of what YAML made of it; for pydantic."""
    if isinstance(value, datetime):
        return from_datetime(value if value.tzinfo is not None else value.replace(tzinfo=UTC))
    if isinstance(value, str):
        try:
            return parse_instant(value)
        except InvalidInput:
            pass
    raise PydanticCustomError("start", "use a time such as 2026-01-05T08:00:00+01:00")


def spoken_length(milliseconds: int) -> str:
    """A duration as a test would write it: `1h30m`, `0s`."""
    parts = []
    for unit, size in sorted(_UNIT_MS.items(), key=lambda item: -item[1]):
        count, milliseconds = divmod(milliseconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
