"""Instants are integers: milliseconds since 1970-01-01T00:00:00Z. This is where text becomes one, and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipeline.errors import InvalidInput

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Above this an epoch number can only be milliseconds: as seconds it would be the year 5138.
_MILLISECONDS_FROM = 100_000_000_000
EARLIEST = -2_208_988_800_000
"""1900-01-01T00:00:00Z: nothing that is measured is older."""
LATEST = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z: the last instant that RFC 3339 can write."""


def parse_instant(value: object) -> int:
    """Read ISO 8601 text (no zone means UTC) or a number of epoch seconds or milliseconds.

    Raises InvalidInput (reason `invalid_timestamp`) for anything else and for instants outside 1900 to 9999.
    """
    if isinstance(value, bool):
        raise _invalid("is true or false")
    if isinstance(value, str):
        instant = _parse_text(value)
    elif isinstance(value, int):
        instant = value if abs(value) >= _MILLISECONDS_FROM else value * 1000
    elif isinstance(value, float):
        if not abs(value) <= LATEST:
            raise _invalid("is outside the years 1900 to 9999")
        instant = round(value if abs(value) >= _MILLISECONDS_FROM else value * 1000)
    else:
        raise _invalid("is neither text nor a number")
    if not EARLIEST <= instant <= LATEST:
        raise _invalid("is outside the years 1900 to 9999")
    return instant


def format_instant(instant: int) -> str:
    """RFC 3339 in UTC; milliseconds only where there are any."""
    moment = to_datetime(instant)
    return moment.isoformat(timespec="milliseconds" if instant % 1000 else "seconds").replace("+00:00", "Z")


def to_datetime(instant: int) -> datetime:
    """The same instant as an aware datetime in UTC."""
    return _EPOCH + timedelta(milliseconds=instant)


def from_datetime(moment: datetime) -> int:
    """Milliseconds since the epoch of an aware datetime, rounded down; ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a naive datetime names no instant")
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _parse_text(value: str) -> int:
    if not value.isascii() or len(value) > 64:
        raise _invalid("is not an ISO 8601 time")
    try:
        moment = datetime.fromisoformat(value.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return from_datetime(moment)
    except (ValueError, OverflowError):
        raise _invalid("is not an ISO 8601 time such as 2025-10-27T19:14:45Z") from None


def _invalid(message: str) -> InvalidInput:
    return InvalidInput("invalid_timestamp", message, "timestamp")
