"""Hypothesis strategies for whole logs of one partition, small and wild: late, ahead, doubled, redefined, removed."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

from pipeline import events
from pipeline.events import Event, Reading, Scalar
from pipeline.policy import Policy
from pipeline.rules.model import Rule, parse_rule

START = 1_700_000_000_000
DEVICES = ("d0", "d1", "d2")
RULES = ("r0", "r1", "r2", "r3")


class Record(NamedTuple):
    """A record of the journal; its offset is its place in the log. No event: it can't be decoded."""

    timestamp: int
    event: Event | None


Log = list[Record]


def rule(
    rule_type: str, device_id: str | None = None, enabled: bool = True, name: str = "R", **conditions: Any
) -> Rule:
    """A rule in short."""
    return parse_rule(
        {"name": name, "rule_type": rule_type, "device_id": device_id, "enabled": enabled, "conditions": conditions}
    )


_conditions: tuple[tuple[str, dict[str, Any]], ...] = (
    ("threshold", {"key": "a", "operator": ">", "value": 4}),
    ("threshold", {"key": "a", "operator": "<=", "value": 2.5}),
    ("threshold", {"key": "b", "operator": "==", "value": "open"}),
    ("threshold", {"key": "b", "operator": "!=", "value": True}),
    ("comparison", {"key": "a", "operator": ">", "other_key": "b", "max_age_seconds": 20}),
    ("comparison", {"key": "a", "operator": "<", "other_key": "b", "factor": 0.5, "offset": 1.0}),
    ("comparison", {"key": "b", "operator": "==", "other_key": "a", "max_age_seconds": 0}),
    ("statistical", {"key": "a", "aggregate": "avg", "window_seconds": 10, "operator": ">", "value": 4.1}),
    ("statistical", {"key": "a", "aggregate": "count", "window_seconds": 60, "operator": ">=", "value": 3}),
    ("statistical", {"key": "a", "aggregate": "stddev", "window_seconds": 61, "operator": ">", "value": 1.2345}),
    ("statistical", {"key": "b", "aggregate": "sum", "window_seconds": 90, "operator": "<", "value": 9}),
    (
        "statistical",
        {"key": "b", "aggregate": "max", "window_seconds": 9, "min_samples": 2, "operator": ">", "value": 5},
    ),
    ("statistical", {"key": "a", "aggregate": "range", "window_seconds": 3600, "operator": ">", "value": 3.5}),
)  # fmt: skip

_values: st.SearchStrategy[Scalar] = st.one_of(
    st.integers(min_value=0, max_value=32).map(lambda quarters: quarters / 4),
    st.integers(min_value=0, max_value=8),
    st.sampled_from((True, False, "open", "shut")),
)
_offs = st.sampled_from((0, 0, 0, 0, -200, -1_000, -1_001, -9_000, -40_000, -61_000, 500, 3_000, 25_000))
_entries = st.tuples(
    st.sampled_from(DEVICES), _offs, st.dictionaries(st.sampled_from(("a", "b", "c")), _values, min_size=1)
)
_frames = st.tuples(st.just("frame"), st.lists(_entries, min_size=1, max_size=6))
_rules = st.tuples(
    st.just("rule"),
    st.sampled_from(RULES),
    st.sampled_from((0, 1, 1, 1)),
    st.sampled_from(_conditions),
    st.sampled_from((None, None, *DEVICES)),
    st.sampled_from((True, True, True, False)),
    st.sampled_from(("R", "S")),
)
_others = st.one_of(
    st.tuples(st.just("unrule"), st.sampled_from(RULES), st.integers(min_value=0, max_value=1)),
    st.tuples(st.just("device"), st.sampled_from(DEVICES), st.integers(min_value=0, max_value=1), st.booleans()),
    st.tuples(st.just("undevice"), st.sampled_from(DEVICES), st.integers(min_value=0, max_value=1)),
    st.tuples(st.just("policy"), st.sampled_from((True, True, False)), st.sampled_from((0, 10_000, 60_000, 600_000))),
    st.tuples(st.just("silence"), st.integers(min_value=0, max_value=1)),
    st.sampled_from((("garbage",), ("tick",), ("taken",))),
)
_pauses = st.sampled_from((0, 100, 900, 1_000, 5_000, 30_000, -2_000))


@st.composite
def logs(draw: st.DrawFn, *, settled: bool = False, max_size: int = 24) -> Log:
    """A log; a `settled` one has rules first and then frames only."""
    if settled:
        moves = draw(st.lists(_rules, max_size=4)) + draw(st.lists(_frames, max_size=max_size))
    else:
        moves = draw(st.lists(st.one_of(_frames, _frames, _frames, _rules, _rules, _others), max_size=max_size))
    pauses = draw(st.lists(_pauses, min_size=len(moves), max_size=len(moves)))
    return _written(moves, pauses)


def _written(moves: list[Any], pauses: list[int]) -> Log:
    versions: dict[str, int] = {}
    log: Log = []
    clock = highest = START

    def version(name: str, bump: int) -> int:
        versions[name] = versions.get(name, 0) + bump
        return versions[name] or 1

    for move, pause in zip(moves, pauses, strict=True):
        clock += pause  # a broker's clock may step back
        highest = max(highest, clock)
        log.append(Record(clock, _event(move, highest, version)))
    return log


def _event(move: Any, now: int, version: Any) -> Event | None:
    kind, *rest = move
    match kind:
        case "frame":
            return events.Readings(tuple(Reading(device, now + off, values) for device, off, values in rest[0]))
        case "rule":
            rule_id, bump, (rule_type, conditions), device, enabled, name = rest
            made = rule(rule_type, device, enabled, name, **conditions)
            return events.RuleDefined(version(rule_id, bump), rule_id, made)
        case "unrule":
            return events.RuleRemoved(version(rest[0], rest[1]), rest[0])
        case "device":
            device_id, bump, active = rest
            device = events.Device(device_id, device_id.upper(), location="Hall", active=active)
            return events.DeviceDefined(version(device_id, bump), device)
        case "undevice":
            return events.DeviceRemoved(version(rest[0], rest[1]), rest[0])
        case "policy":
            return events.PolicyDefined(version("policy", 1), Policy(rest[0], rest[1]))
        case "silence":
            silence = events.Silence("s", now, now + 1_000, "maintenance", "somebody")
            return events.SilenceDefined(version("silence", rest[0]), silence)
        case "tick":
            return events.Ticked(1_000)
        case "taken":
            return events.PartitionTaken("worker")
    return None
