"""All measures of a stretch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.quality.alarms import Alarm
from pipeline.quality.nuisance import Chattering, chattering, standing
from pipeline.quality.rates import Rates, rates_of

_TOP = 10


@dataclass(frozen=True, slots=True)
class TimeToAcknowledge:
    """How long alarms of the stretch waited for a person, in milliseconds; None where nobody acknowledged any."""

    acknowledged: int
    never: int
    median: int | None
    ninetieth: int | None
    longest: int | None


@dataclass(frozen=True, slots=True)
class AlarmReport:
    """The alarms that opened in a stretch; silenced ones count nowhere but in `silenced`.

    `standing` also holds those that opened before it. `top_rules` and `top_devices` are (id, alarms).
    """

    alarms: int
    silenced: int
    rates: Rates
    chattering: tuple[Chattering, ...]
    standing: tuple[Alarm, ...]
    acknowledging: TimeToAcknowledge
    top_rules: tuple[tuple[str, int], ...]
    top_devices: tuple[tuple[str, int], ...]


def make_report(known: Iterable[Alarm], start: int, stop: int) -> AlarmReport:
    """Measure the alarms that opened in start <= t < stop, or were open then; `start` is before `stop`."""
    heard = [alarm for alarm in known if alarm.opened_at < stop]
    silenced = [alarm for alarm in heard if alarm.silenced and alarm.opened_at >= start]
    heard = [alarm for alarm in heard if not alarm.silenced]
    opened = [alarm for alarm in heard if alarm.opened_at >= start]
    return AlarmReport(
        len(opened),
        len(silenced),
        rates_of([alarm.opened_at for alarm in opened], start, stop),
        chattering(opened),
        standing(heard, stop),
        _acknowledging(opened),
        _top([alarm.rule_id for alarm in opened]),
        _top([alarm.device_id for alarm in opened]),
    )


def _acknowledging(alarms: Sequence[Alarm]) -> TimeToAcknowledge:
    waits = sorted(
        max(0, alarm.acknowledged_at - alarm.appeared_at) for alarm in alarms if alarm.acknowledged_at is not None
    )
    never = len(alarms) - len(waits)
    if not waits:
        return TimeToAcknowledge(0, never, None, None, None)
    return TimeToAcknowledge(len(waits), never, _rank(waits, 50), _rank(waits, 90), waits[-1])


def _rank(ordered: Sequence[int], percent: int) -> int:
    """The smallest value that at least this share does not exceed."""
    return ordered[-(-len(ordered) * percent // 100) - 1]


def _top(ids: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(ids).items(), key=lambda item: (-item[1], item[0]))[:_TOP])
