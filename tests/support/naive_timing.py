"""The whole rule language read straight from its description, at every tick for every device and rule.

For logs whose rules are defined before any device is heard of. Nothing is skipped for speed, so it finds what a timer
forgets. Shares with the fold only the events and the models of rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from pipeline import events
from pipeline.events import Event, Reading, Scalar
from pipeline.rules.model import Rule
from tests.support.naive_detection import Known, NaiveDetection, NaiveSeries, _holds
from tests.support.naive_windows import naive_aggregate, readings_in_window

SEVERITIES = ("info", "warning", "critical")


class Told(NamedTuple):
    """A transition without its words."""

    transition: str
    rule_id: str
    device_id: str
    severity: str
    at: int
    offset: int


class Truth(NamedTuple):
    """Whether a condition holds, and the left side of the comparison that decided."""

    holds: bool
    value: Scalar | None


class Instant(NamedTuple):
    """The device's time and the ticks added up; on a tick no reading says how much time has passed."""

    now: int
    ticked: int
    is_tick: bool = False

    @property
    def read(self) -> int:
        """The device's time as a reading gives it."""
        return -(10**18) if self.is_tick else self.now


@dataclass
class Device:
    """What time needs to know of a device."""

    now: int | None = None
    last_ts: int = 0
    last_ticked: int = 0
    now_ticked: int = 0
    heard: dict[str, tuple[int, int, int, int]] = field(default_factory=dict)
    heard_ticked: int = 0
    status: str = "unknown"


@dataclass
class Pending:
    """One rule and device."""

    true_since: Instant | None = None
    truth_then: Truth | None = None
    clear_since: Instant | None = None
    ended: Instant | None = None
    severity: str | None = None
    """Of the open alert."""
    opened: Instant | None = None


@dataclass
class NaiveTiming(NaiveDetection):
    """One partition; `tell` returns what is said, in order."""

    ticked: int = 0
    last_tick: int | None = None
    of: dict[str, Device] = field(default_factory=dict)
    pending: dict[tuple[str, str], Pending] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    wall: int | None = None
    """On a tick, what the device's clock shows."""

    def tell(self, offset: int, timestamp: int, event: Event | None) -> list[Told]:
        """Fold one record."""
        self.journal_time = max(self.journal_time, timestamp)
        self.told = []
        if isinstance(event, events.Readings):
            for entry in event.entries:
                self._hear(offset, entry)
        elif isinstance(event, events.Ticked):
            self._tick(offset, event.interval_ms)
        elif isinstance(event, events.StatusReported):
            device = self.of.setdefault(event.device_id, Device())
            device.heard_ticked = self.ticked
            if device.status != event.status:
                device.status = event.status
                self._on_status(offset, event.device_id, event.ts)
        elif event is not None:
            self.fold(offset, timestamp, event)
        return self.told

    def _active(self, device_id: str) -> Iterable[tuple[str, Rule]]:
        """Nobody defines devices in these logs, so no selector chooses any."""
        return [(rule_id, rule) for rule_id, rule in super()._active(device_id) if rule.selector is None]

    def _hear(self, offset: int, entry: Reading) -> None:
        came = {key for key, value in entry.values.items() if self._value(entry.device_id, key, entry.ts, value)}
        device = self.of.setdefault(entry.device_id, Device())
        device.heard_ticked = self.ticked
        if device.status == "unknown":
            device.status = "online"
        elif device.status == "offline":
            device.status = "online"
            self._on_status(offset, entry.device_id, entry.ts)
        if not came:
            return
        now = min(entry.ts, self.journal_time)
        if device.now is None or now >= device.now:
            device.now, device.now_ticked = now, self.ticked
        device.last_ts, device.last_ticked = entry.ts, self.ticked
        rules = sorted(self._active(entry.device_id))
        for rule_id, rule in rules:  # a gap that this entry ends
            if rule.rule_type == "absence" and self._of(rule_id, entry.device_id).severity is None:
                self._judge_at(offset, entry.device_id, rule_id, rule, entry.ts, Instant(now, self.ticked), entry.ts)
        for _, rule in rules:
            for key in _awaited(rule.conditions) | _awaited(rule.clear):
                if key == "" or key in came or (rule.device_id is not None and key not in device.heard):
                    device.heard[key] = (now, self.ticked, self.journal_time, 0)
                elif key in device.heard:
                    device.heard[key] = (*device.heard[key][:3], self._silent(device.heard[key], now))
        for rule_id, rule in rules:
            keys = _keys(rule.conditions) | _keys(rule.clear)
            if keys & came or "" in keys:
                self._judge_at(offset, entry.device_id, rule_id, rule, entry.ts, Instant(now, self.ticked), entry.ts)

    def _on_status(self, offset: int, device_id: str, ts: int, instant: Instant | None = None) -> None:
        if instant is None:
            instant, at = Instant(min(ts, self.journal_time), self.ticked), ts
        else:
            at = self.journal_time
        for rule_id, rule in sorted(self._active(device_id)):
            if "$status" in _keys(rule.conditions) | _keys(rule.clear):
                self._judge_at(offset, device_id, rule_id, rule, ts, instant, at)

    def _tick(self, offset: int, interval: int) -> None:
        if self.last_tick is not None:
            self.ticked += max(0, min(self.journal_time - self.last_tick, 2 * interval))
        self.last_tick = self.journal_time
        for device_id, device in sorted(self.of.items()):
            now = self.journal_time if device.now is None else device.now + self.ticked - device.now_ticked
            self.wall = device.last_ts + self.ticked - device.last_ticked
            silent = self.ticked - device.heard_ticked >= self.policy[1].offline_after_ms
            if device.status not in ("unknown", "offline") and silent:
                device.status = "offline"
                self._on_status(offset, device_id, device.last_ts, Instant(now, self.ticked, True))
            for rule_id, rule in sorted(self._active(device_id)):
                self._pass_time(offset, device_id, rule_id, rule, now)
        self.wall = None

    def _pass_time(self, offset: int, device_id: str, rule_id: str, rule: Rule, now: int) -> None:
        pending = self._of(rule_id, device_id)
        at, instant = self.journal_time, Instant(now, self.ticked, True)
        waits = bool(_awaited(rule.conditions))
        moves = bool(_awaited(rule.conditions)) or _scheduled(rule.conditions)
        clears_by_time = bool(_awaited(rule.clear)) or _scheduled(rule.clear)
        if moves or (clears_by_time and pending.severity is not None):
            ts = self.of[device_id].last_ts
            truth = self._truth(device_id, rule.conditions, rule.rule_type, ts, instant.read)
            opens = waits or pending.true_since is not None
            if pending.severity is not None or opens or truth is None or not truth.holds:
                self._weigh(offset, device_id, rule_id, rule, truth, ts, instant, at)
            return
        if pending.severity is None:
            if pending.true_since is not None:
                self._open_if_due(offset, device_id, rule_id, rule, pending.truth_then, instant, at)
            return
        self._escalate(offset, device_id, rule_id, rule, None, instant, at)
        if pending.clear_since is not None:
            self._end_if_due(offset, device_id, rule_id, rule, True, instant, at)

    def _judge_at(
        self, offset: int, device_id: str, rule_id: str, rule: Rule, ts: int, instant: Instant, at: int
    ) -> None:
        truth = self._truth(device_id, rule.conditions, rule.rule_type, ts, instant.read)
        self._weigh(offset, device_id, rule_id, rule, truth, ts, instant, at)

    def _weigh(
        self,
        offset: int,
        device_id: str,
        rule_id: str,
        rule: Rule,
        truth: Truth | None,
        ts: int,
        instant: Instant,
        at: int,
    ) -> None:
        pending = self._of(rule_id, device_id)
        if pending.severity is None:
            if truth is not None and not truth.holds:
                pending.true_since = None
                if pending.ended is not None and _passed(pending.ended, instant, rule.cooldown_seconds):
                    pending.ended = None  # whatever its clock says later
            self._open_if_due(offset, device_id, rule_id, rule, truth, instant, at)
            return
        self._escalate(offset, device_id, rule_id, rule, truth, instant, at)
        clear: bool | None
        if rule.clear is not None:
            found = self._truth(device_id, rule.clear, rule.clear.type, ts, instant.read)
            clear = False if truth is not None and truth.holds else None if found is None else found.holds
        elif truth is None:
            clear = None
        elif rule.clear_value is not None:
            conditions: Any = rule.conditions
            still = _holds(truth.value, conditions.operator, rule.clear_value)
            clear = None if still is None else not still
        else:
            clear = not truth.holds
        self._end_if_due(offset, device_id, rule_id, rule, clear, instant, at)

    def _open_if_due(
        self, offset: int, device_id: str, rule_id: str, rule: Rule, truth: Truth | None, instant: Instant, at: int
    ) -> None:
        pending = self._of(rule_id, device_id)
        if truth is None or not truth.holds:
            return
        pending.true_since, pending.truth_then = pending.true_since or instant, truth
        if _passed(pending.true_since, instant, rule.for_seconds) and (
            pending.ended is None or _passed(pending.ended, instant, rule.cooldown_seconds)
        ):
            severity = _by_value(rule, truth)
            self.pending[rule_id, device_id] = Pending(severity=severity, opened=instant)
            self.told.append(Told("raised", rule_id, device_id, severity, at, offset))
            self._escalate(offset, device_id, rule_id, rule, None, instant, at)

    def _escalate(
        self, offset: int, device_id: str, rule_id: str, rule: Rule, truth: Truth | None, instant: Instant, at: int
    ) -> None:
        pending = self._of(rule_id, device_id)
        assert pending.severity is not None
        assert pending.opened is not None
        by_time = [
            step.severity
            for step in rule.escalate
            if step.after_seconds is not None and _passed(pending.opened, instant, step.after_seconds)
        ]
        by_value = [_by_value(rule, truth)] if truth is not None and truth.holds else []
        for reached in (by_value, by_time):
            worst = max([pending.severity, *reached], key=SEVERITIES.index)
            if worst != pending.severity:
                pending.severity = worst
                self.told.append(Told("escalated", rule_id, device_id, worst, at, offset))

    def _end_if_due(
        self, offset: int, device_id: str, rule_id: str, rule: Rule, clear: bool | None, instant: Instant, at: int
    ) -> None:
        pending = self._of(rule_id, device_id)
        if clear is False:
            pending.clear_since = None
        if not clear:
            return
        pending.clear_since = pending.clear_since or instant
        if _passed(pending.clear_since, instant, rule.clear_for_seconds):
            self.told.append(Told("resolved", rule_id, device_id, pending.severity or "", at, offset))
            self.pending[rule_id, device_id] = Pending(ended=instant)

    def _of(self, rule_id: str, device_id: str) -> Pending:
        return self.pending.setdefault((rule_id, device_id), Pending())

    def _truth(self, device_id: str, conditions: Any, kind: str, ts: int, now: int) -> Truth | None:
        if kind == "compound":
            parts = [self._truth(device_id, part, part.type, ts, now) for part in conditions.parts]
            decisive = conditions.all is None
            decided = [part for part in parts if part is not None and part.holds is decisive]
            if decided:
                return decided[0]
            return None if None in parts else parts[0]
        if kind == "time_based":
            if _is_inside(conditions, ts if self.wall is None else self.wall) is not (conditions.when == "inside"):
                return Truth(False, None)
            inner = conditions.condition
            return Truth(True, None) if inner is None else self._truth(device_id, inner, inner.type, ts, now)
        if kind == "absence":
            heard = self.of[device_id].heard.get(conditions.key or "")
            if heard is None:
                return None
            passed = self._silent(heard, now)
            return Truth(passed >= conditions.seconds * 1000, passed / 1000)
        if kind == "rate_of_change":
            return self._rate(device_id, conditions, ts)
        return self._compared(device_id, conditions, kind, ts)

    def _silent(self, heard: tuple[int, int, int, int], now: int) -> int:
        by_ticks = self.ticked - heard[1]
        unheard = max(0, self.journal_time - heard[2] - by_ticks)
        return max(by_ticks, now - heard[0] - unheard, heard[3])

    def _rate(self, device_id: str, conditions: Any, ts: int) -> Truth | None:
        known = self.series.get((device_id, conditions.key))
        inside = self._inside(known, conditions.window_seconds, ts)
        if known is None or known.last is None or not inside or isinstance(known.last[1], bool | str):
            return None
        first = min(inside)
        if first[0] >= known.last[0]:
            return None
        rate = (known.last[1] - first[1]) * 1000 / (known.last[0] - first[0])
        holds = _holds(rate, conditions.operator, conditions.value)
        return None if holds is None else Truth(holds, rate)

    def _inside(self, known: NaiveSeries | None, seconds: int, ts: int) -> list[tuple[int, float]]:
        if known is None or known.newest is None:
            return []
        timed = [(it.ts, float(it.value)) for it in known.accepted if _is_number(it)]
        values = readings_in_window(timed, seconds, max(ts, known.newest))
        in_order = [it for it in sorted(timed) if it[0] <= max(ts, known.newest)]
        return in_order[len(in_order) - len(values) :]

    def _compared(self, device_id: str, conditions: Any, kind: str, ts: int) -> Truth | None:
        left: Any
        right: Any
        if kind == "threshold":
            if conditions.key == "$status":
                left = self.of[device_id].status
            else:
                known = self.series.get((device_id, conditions.key))
                if known is None or known.last is None:
                    return None
                left = known.last[1]
            right = conditions.value
        elif kind == "statistical":
            known = self.series.get((device_id, conditions.key))
            if known is None or known.last is None or isinstance(known.last[1], bool | str):
                return None
            values = [value for _, value in self._inside(known, conditions.window_seconds, ts)]
            left = naive_aggregate(conditions.aggregate, values, conditions.min_samples or 1)
            right = conditions.value
            if left is None:
                return None
        else:
            sides = self._sides(device_id, ts, _As(conditions, kind))  # type: ignore[arg-type]
            if sides is None:
                return None
            left, right = sides
        holds = _holds(left, conditions.operator, right)
        return None if holds is None else Truth(holds, left)


class _As(NamedTuple):
    conditions: Any
    rule_type: str


def _is_number(reading: Known) -> bool:
    return not isinstance(reading.value, bool | str)


def _passed(since: Instant, now: Instant, seconds: int | None) -> bool:
    wanted = (seconds or 0) * 1000
    return not wanted or now.read - since.now >= wanted or now.ticked - since.ticked >= wanted


def _by_value(rule: Rule, truth: Truth) -> str:
    conditions: Any = rule.conditions
    reached = [
        step.severity
        for step in rule.escalate
        if step.value is not None and _holds(truth.value, conditions.operator, step.value)
    ]
    return max([rule.effective_severity, *reached], key=SEVERITIES.index)


def _inner(conditions: Any) -> list[Any]:
    parts = list(getattr(conditions, "parts", ()))
    inner = getattr(conditions, "condition", None)
    return parts if inner is None else [*parts, inner]


def _awaited(conditions: Any) -> set[str]:
    found = {conditions.key or ""} if hasattr(conditions, "seconds") else set[str]()
    return found.union(*(_awaited(part) for part in _inner(conditions)))


def _scheduled(conditions: Any) -> bool:
    return hasattr(conditions, "timezone") or any(_scheduled(part) for part in _inner(conditions))


def _keys(conditions: Any) -> set[str]:
    if conditions is None:
        return set()
    if hasattr(conditions, "seconds"):
        return {""}
    inner = _inner(conditions)
    if inner:
        return set[str]().union(*(_keys(part) for part in inner))
    if hasattr(conditions, "timezone"):
        return {""}
    return {conditions.key, getattr(conditions, "other_key", conditions.key)}


def _is_inside(conditions: Any, ts: int) -> bool:
    """Looks at every day's windows as stretches of the local clock."""
    local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ts)).astimezone(ZoneInfo(conditions.timezone))
    wall = local.replace(tzinfo=None)
    for window in conditions.windows:
        for back in (0, 1):
            day = wall.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=back)
            if day.strftime("%a").lower() not in window.days:
                continue
            begin, end = (
                day + timedelta(hours=int(text[:2]), minutes=int(text[3:])) for text in (window.start, window.end)
            )
            if begin <= wall < (end if end > begin else end + timedelta(days=1)):
                return True
    return False
