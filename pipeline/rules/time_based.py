"""Judgement of `time_based`: windows by the clock on a wall, wherever that wall is.

An instant is inside if the clock shows a time inside. So an hour that a clock skips is in no window, and one that it
shows twice is in its windows twice.
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from pipeline.instants import to_datetime
from pipeline.rules.conditions import TimeBasedConditions, Window

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MINUTE = 60_000


def is_inside(windows: tuple[Window, ...], timezone: str, instant: int) -> bool:
    """Whether the instant lies in one of the windows."""
    today, yesterday, minute = _wall(timezone, instant // _MINUTE)
    for window in windows:
        start, end = _minutes(window.start), _minutes(window.end)
        if start < end:
            if start <= minute < end and today in window.days:
                return True
        elif (minute >= start and today in window.days) or (minute < end and yesterday in window.days):
            return True
    return False


def due_in(instant: int) -> int:
    """In how many milliseconds a window may begin or end: every zone keeps whole minutes."""
    return _MINUTE - instant % _MINUTE


def spoken_windows(conditions: TimeBasedConditions) -> str:
    """The windows in words: `inside mon, tue 08:00-18:00 (Europe/Berlin)`."""
    said = [
        f"{'' if len(window.days) == len(_DAYS) else ', '.join(window.days) + ' '}{window.start}-{window.end}"
        for window in conditions.windows
    ]
    return f"{conditions.when} {' and '.join(said)} ({conditions.timezone})"


@lru_cache(maxsize=4096)
def _wall(timezone: str, minute: int) -> tuple[str, str, int]:
    """Today, yesterday and the minute of the day that a clock there shows."""
    local = to_datetime(minute * _MINUTE).astimezone(_zone(timezone))
    return _DAYS[local.weekday()], _DAYS[(local - timedelta(days=1)).weekday()], local.hour * 60 + local.minute


_zone = lru_cache(maxsize=None)(ZoneInfo)


def _minutes(time_of_day: str) -> int:
    return int(time_of_day[:2]) * 60 + int(time_of_day[3:])
