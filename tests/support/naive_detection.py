"""Detection read straight from its rules: every reading of the log is kept, and everything counted anew each time.

Written from the description of the language alone; shares with the fold only the events and the models of rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pipeline import events
from pipeline.events import Event, Reading, Scalar
from pipeline.policy import DEFAULT_POLICY, Policy
from pipeline.rules.model import Rule
from tests.support.naive_windows import naive_aggregate, readings_in_window


class Said(NamedTuple):
    """An alert event without its words."""

    transition: str
    rule_id: str
    rule_version: int
    device_id: str
    sequence: int
    opened_at: int
    at: int
    reason: str
    value: Scalar | None
    threshold: Scalar | None
    offset: int


class Known(NamedTuple):
    """A reading that counted, with the number of its arrival."""

    ts: int
    value: Scalar
    arrival: int


@dataclass
class NaiveSeries:
    """All that ever counted of one key."""

    accepted: list[Known] = field(default_factory=list)
    newest: int | None = None
    too_old_below: int | None = None
    last: tuple[int, Scalar] | None = None
    needed_since: dict[int, int] = field(default_factory=dict)
    """By ring (60 s, or the length of a longer window): the arrival from which on it was needed without a break."""


@dataclass
class Opened:
    """An open alert."""

    version: int
    opened_at: int


@dataclass
class NaiveDetection:
    """One partition; `fold` returns what is said, in order."""

    journal_time: int = 0
    policy: tuple[int, Policy] = (0, DEFAULT_POLICY)
    rules: dict[str, tuple[int, Rule | None]] = field(default_factory=dict)
    devices: dict[str, tuple[int, events.Device | None]] = field(default_factory=dict)
    series: dict[tuple[str, str], NaiveSeries] = field(default_factory=dict)
    opened: dict[tuple[str, str], Opened] = field(default_factory=dict)
    arrivals: int = 0

    def fold(self, offset: int, timestamp: int, event: Event | None) -> list[Said]:
        """Fold one record."""
        self.journal_time = max(self.journal_time, timestamp)
        said: list[Said] = []
        if isinstance(event, events.Readings):
            for entry in event.entries:
                said += self._entry(offset, entry)
        elif isinstance(event, events.RuleDefined | events.RuleRemoved):
            said += self._rule(offset, event)
        elif isinstance(event, events.DeviceDefined):
            if event.version > self.devices.get(event.device.device_id, (0, None))[0]:
                self.devices[event.device.device_id] = (event.version, event.device)
                if not event.device.active:
                    said += self._end(offset, "device_inactive", device_id=event.device.device_id)
        elif isinstance(event, events.DeviceRemoved):
            if event.version > self.devices.get(event.device_id, (0, None))[0]:
                self.devices[event.device_id] = (event.version, None)
                said += self._end(offset, "device_removed", device_id=event.device_id)
                self.series = {name: known for name, known in self.series.items() if name[0] != event.device_id}
        elif isinstance(event, events.PolicyDefined) and event.version > self.policy[0]:
            self.policy = (event.version, event.policy)
        return said

    def _rule(self, offset: int, event: events.RuleDefined | events.RuleRemoved) -> list[Said]:
        version, before = self.rules.get(event.rule_id, (0, None))
        if event.version <= version:
            return []
        after = event.rule if isinstance(event, events.RuleDefined) else None
        self.rules[event.rule_id] = (event.version, after)
        if before is None:
            return []
        if after is None:
            return self._end(offset, "rule_removed", rule_id=event.rule_id)
        if not after.enabled:
            return self._end(offset, "rule_disabled", rule_id=event.rule_id)
        decides = ("rule_type", "device_id", "conditions")
        if any(repr(getattr(before, name)) != repr(getattr(after, name)) for name in decides):
            return self._end(offset, "rule_changed", rule_id=event.rule_id)
        return []

    def _end(self, offset: int, reason: str, rule_id: str | None = None, device_id: str | None = None) -> list[Said]:
        ended = sorted(
            (device, rule) for rule, device in self.opened if rule_id in (None, rule) and device_id in (None, device)
        )
        said = []
        for device, rule in ended:
            alert = self.opened.pop((rule, device))
            said.append(
                Said(
                    "resolved", rule, alert.version, device, 2, alert.opened_at, self.journal_time, reason, None, None,
                    offset,
                )
            )  # fmt: skip
        return said

    def _entry(self, offset: int, entry: Reading) -> list[Said]:
        version, device = self.devices.get(entry.device_id, (0, None))
        if device is None and (version or not self.policy[1].auto_register):
            return []
        if device is not None and not device.active:
            return []
        in_order = {key for key, value in entry.values.items() if self._value(entry.device_id, key, entry.ts, value)}
        said = []
        for rule_id, rule in sorted(self._active(entry.device_id)):
            conditions: Any = rule.conditions
            concerned = {conditions.key, getattr(conditions, "other_key", conditions.key)}
            if concerned & in_order:
                said += self._judge(offset, entry, rule_id, rule)
        return said

    def _active(self, device_id: str) -> Iterable[tuple[str, Rule]]:
        for rule_id, (_, rule) in self.rules.items():
            if rule is not None and rule.enabled and rule.device_id in (None, device_id):
                yield rule_id, rule

    def _value(self, device_id: str, key: str, ts: int, value: Scalar) -> bool:
        """Take one value; whether it was in order."""
        known = self.series.setdefault((device_id, key), NaiveSeries())
        lateness = self.policy[1].lateness_ms
        if known.newest is not None and ts < known.newest - lateness:
            return False
        if known.too_old_below is not None and ts < known.too_old_below:
            return False
        if any(ts == reading.ts for reading in known.accepted):
            return False
        self.arrivals += 1
        late = known.newest is not None and ts < known.newest
        reached = min(ts, self.journal_time)
        known.newest = reached if known.newest is None else max(known.newest, reached)
        horizon = known.newest - lateness
        known.too_old_below = horizon if known.too_old_below is None else max(known.too_old_below, horizon)
        needed = {
            max(60, rule.conditions.window_seconds)
            for _, rule in self._active(device_id)
            if rule.rule_type == "statistical" and rule.conditions.key == key
        }
        known.needed_since = {ring: known.needed_since.get(ring, self.arrivals) for ring in needed}
        known.accepted.append(Known(ts, value, self.arrivals))
        if not late:
            known.last = (ts, value)
        return not late

    def _judge(self, offset: int, entry: Reading, rule_id: str, rule: Rule) -> list[Said]:
        conditions: Any = rule.conditions
        sides = self._sides(entry.device_id, entry.ts, rule)
        if sides is None:
            return []
        value, threshold = sides
        holds = _holds(value, conditions.operator, threshold)
        if holds is None:
            return []
        name = (rule_id, entry.device_id)
        version = self.rules[rule_id][0]
        if holds and name not in self.opened:
            self.opened[name] = Opened(version, entry.ts)
            return [
                Said("raised", rule_id, version, entry.device_id, 1, entry.ts, entry.ts, "", value, threshold, offset)
            ]
        if not holds and name in self.opened:
            alert = self.opened.pop(name)
            return [
                Said(
                    "resolved", rule_id, alert.version, entry.device_id, 2, alert.opened_at, entry.ts,
                    "condition_cleared", value, threshold, offset,
                )
            ]  # fmt: skip
        return []

    def _sides(self, device_id: str, ts: int, rule: Rule) -> tuple[Scalar, Scalar] | None:
        conditions: Any = rule.conditions
        left = self.series.get((device_id, conditions.key), NaiveSeries())
        if rule.rule_type == "statistical":
            statistical = conditions
            if left.last is None or isinstance(left.last[1], bool | str):
                return None
            since = left.needed_since[max(60, statistical.window_seconds)]
            timed = [
                (r.ts, float(r.value))
                for r in left.accepted
                if r.arrival >= since and not isinstance(r.value, bool | str)
            ]
            inside = readings_in_window(timed, statistical.window_seconds, ts)
            found = naive_aggregate(statistical.aggregate, inside, statistical.min_samples or 1)
            return None if found is None else (found, statistical.value)
        if rule.rule_type == "threshold":
            return None if left.last is None else (left.last[1], conditions.value)
        comparison = conditions
        right = self.series.get((device_id, comparison.other_key), NaiveSeries())
        if left.last is None or right.last is None:
            return None
        if max(abs(ts - left.last[0]), abs(ts - right.last[0])) > comparison.max_age_seconds * 1000:
            return None
        threshold = right.last[1]
        if (comparison.factor, comparison.offset) != (1.0, 0.0):
            if isinstance(threshold, bool | str):
                return None
            threshold = threshold * comparison.factor + comparison.offset
        return left.last[1], threshold


def _holds(left: Any, operator: str, right: Any) -> bool | None:
    kinds = [
        "flag" if isinstance(side, bool) else "text" if isinstance(side, str) else "number" for side in (left, right)
    ]
    if kinds[0] != kinds[1]:
        return None
    if operator == "==":
        return bool(left == right)
    if operator == "!=":
        return bool(left != right)
    if kinds[0] != "number":
        return None
    return bool(
        (operator == ">" and left > right)
        or (operator == ">=" and left >= right)
        or (operator == "<" and left < right)
        or (operator == "<=" and left <= right)
    )
