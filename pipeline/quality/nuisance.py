"""Alarms that come and go too fast to act on, and alarms that never go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.quality.alarms import Alarm

CHATTER_CYCLES = 3
CHATTER_MS = 60_000
STANDING_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Chattering:
    """A rule on a device that opened at least three times within a minute.

    `openings` counts those that belong to such a minute; `worst` is the most in one.
    """

    rule_id: str
    rule_name: str
    device_id: str
    openings: int
    worst: int


def chattering(alarms: Iterable[Alarm]) -> tuple[Chattering, ...]:
    """What chatters, the worst first."""
    opened: dict[tuple[str, str], list[Alarm]] = defaultdict(list)
    for alarm in alarms:
        opened[alarm.rule_id, alarm.device_id].append(alarm)
    found = []
    for (rule_id, device_id), mine in opened.items():
        openings, worst = _count(sorted(alarm.opened_at for alarm in mine))
        if openings:
            found.append(Chattering(rule_id, mine[0].rule_name, device_id, openings, worst))
    return tuple(sorted(found, key=lambda each: (-each.openings, each.rule_id, each.device_id)))


def standing(alarms: Iterable[Alarm], now: int) -> tuple[Alarm, ...]:
    """Alarms that lasted for more than 24 hours up to `now`, the oldest first."""
    found = [alarm for alarm in alarms if min(_end(alarm, now), now) - alarm.opened_at > STANDING_MS]
    return tuple(sorted(found, key=lambda alarm: (alarm.opened_at, alarm.rule_id, alarm.device_id)))


def _end(alarm: Alarm, now: int) -> int:
    return now if alarm.ended_at is None else alarm.ended_at


def _count(times: list[int]) -> tuple[int, int]:
    """How many of these instants lie in a minute with at least three, and the most in one minute."""
    in_chatter: set[int] = set()
    worst, first = 0, 0
    for last, at in enumerate(times):
        while at - times[first] >= CHATTER_MS:
            first += 1
        if last - first + 1 >= CHATTER_CYCLES:
            worst = max(worst, last - first + 1)
            in_chatter.update(range(first, last + 1))
    return len(in_chatter), worst
