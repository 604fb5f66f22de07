"""Alerts from their transitions, and what they amount to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import median

from pipeline.alerts import AlertEvent, Output, RuleSuspended
from pipeline.events import Scalar
from pipeline.rules.model import SEVERITIES, Severity

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Episode:
    """One alert from its opening to its end; `ended_at` is None while it is open. Instants in milliseconds."""

    alert_id: str
    rule_id: str
    rule_version: int
    device_id: str
    severity: Severity
    message: str
    value: Scalar | None
    opened_at: int
    ended_at: int | None = None
    end: str = ""

    @property
    def duration(self) -> int | None:
        """Milliseconds from opening to end; None while it is open."""
        return None if self.ended_at is None else self.ended_at - self.opened_at


@dataclass(frozen=True, slots=True)
class Summary:
    """What a rule would have said of a stretch; durations in milliseconds, of the alerts that ended."""

    raised: int
    ended: int
    still_open: int
    alerts_per_day: float
    shortest: int | None
    median: int | None
    longest: int | None
    by_device: tuple[tuple[str, int], ...]
    suspended: tuple[RuleSuspended, ...]


def episodes_of(outputs: Iterable[Output]) -> list[Episode]:
    """The alerts that these transitions are of, in the order of their opening.

    An alert whose opening is not among them is known from its first transition; repeats change nothing.
    """
    found: dict[str, Episode] = {}
    last: dict[str, int] = {}
    for event in outputs:
        if not isinstance(event, AlertEvent) or event.sequence <= last.get(event.alert_id, 0):
            continue
        last[event.alert_id] = event.sequence
        known = found.get(event.alert_id) or _opened(event)
        if event.transition in ("resolved", "closed") and known.ended_at is None:
            known = replace(known, ended_at=event.at, end=event.reason or event.transition)
        severity = max(known.severity, event.severity, key=SEVERITIES.index)
        found[event.alert_id] = replace(known, severity=severity)
    return sorted(found.values(), key=lambda each: (each.opened_at, each.device_id, each.alert_id))


def summarise(outputs: Iterable[Output], start: int, stop: int) -> Summary:
    """What the transitions of a stretch amount to; `stop` is after `start`."""
    kept = list(outputs)
    episodes = episodes_of(kept)
    durations = [each.duration for each in episodes if each.duration is not None]
    return Summary(
        raised=len(episodes),
        ended=len(durations),
        still_open=len(episodes) - len(durations),
        alerts_per_day=len(episodes) * DAY_MS / (stop - start),
        shortest=min(durations, default=None),
        median=round(median(durations)) if durations else None,
        longest=max(durations, default=None),
        by_device=tuple(Counter(each.device_id for each in episodes).most_common()),
        suspended=tuple(output for output in kept if isinstance(output, RuleSuspended)),
    )


def _opened(event: AlertEvent) -> Episode:
    return Episode(
        event.alert_id,
        event.rule_id,
        event.rule_version,
        event.device_id,
        event.severity,
        event.message,
        event.value,
        event.opened_at,
    )
