"""Hypothesis strategies for whole logs of one partition, small and wild: late, ahead, doubled, redefined, removed."""

from __future__ import annotations

from random import Random
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

_OFFS = (0, 0, 0, 0, 0, -200, -1_000, -1_001, -9_000, -40_000, -61_000, 500, 3_000, 25_000)
_PAUSES = (0, 100, 900, 1_000, 1_000, 2_500, 5_000, 30_000, -2_000)


@st.composite
def logs(draw: st.DrawFn, *, settled: bool = False, max_size: int = 40) -> Log:
    """A log that begins with a few rules; a `settled` one holds frames only after them.

    Drawn by a seeded generator: Hypothesis alone seldom makes logs that are long enough to raise and resolve alerts.
    A log that breaks a law is shortened from its end.
    """
    rng = Random(draw(st.integers(min_value=0, max_value=2**32), "seed"))
    moves = [_rule(rng) for _ in range(rng.randint(1, 4))]
    pick = [_frame] if settled else [_frame] * 12 + [_rule] * 2 + [_other]
    moves += [rng.choice(pick)(rng) for _ in range(max_size)]
    kept = draw(st.integers(min_value=0, max_value=max_size).map(lambda dropped: len(moves) - dropped), "length")
    return _written(moves[:kept], [rng.choice(_PAUSES) for _ in moves[:kept]])


def _frame(rng: Random) -> Any:
    return "frame", [_entry(rng) for _ in range(rng.randint(1, 5))]


def _entry(rng: Random) -> Any:
    keys = ["a", *(key for key in ("b", "c") if rng.random() < 0.5)]
    rng.shuffle(keys)
    return rng.choice(("d0", "d0", *DEVICES)), rng.choice(_OFFS), {key: _value(rng) for key in keys}


def _value(rng: Random) -> Scalar:
    kind = rng.random()
    if kind < 0.1:
        return rng.choice((True, False, "open", "shut"))
    return rng.randint(0, 8) if kind < 0.3 else rng.randint(0, 32) / 4


def _rule(rng: Random) -> Any:
    return (
        "rule",
        rng.choice(RULES),
        rng.choice((0, 1, 1, 1)),
        rng.choice(_conditions),
        rng.choice((None, None, None, *DEVICES)),
        rng.random() < 0.85,
        rng.choice(("R", "S")),
    )


def _other(rng: Random) -> Any:
    bump = rng.choice((0, 1, 1))
    return rng.choice(
        (
            ("rename", rng.choice(RULES)),
            ("unrule", rng.choice(RULES), bump),
            ("device", rng.choice(DEVICES), bump, rng.random() < 0.7),
            ("undevice", rng.choice(DEVICES), bump),
            ("policy", rng.random() < 0.7, rng.choice((0, 10_000, 60_000, 600_000))),
            ("silence", bump),
            ("garbage",),
            ("tick",),
            ("taken",),
        )
    )


def _written(moves: list[Any], pauses: list[int]) -> Log:
    versions: dict[str, int] = {}
    latest: dict[str, Any] = {}
    log: Log = []
    clock = highest = START

    def version(name: str, bump: int) -> int:
        versions[name] = versions.get(name, 0) + bump
        return versions[name] or 1

    for move, pause in zip(moves, pauses, strict=True):
        clock += pause  # a broker's clock may step back
        highest = max(highest, clock)
        if move[0] == "rename":
            move = (*latest[move[1]][:-1], "T") if move[1] in latest else ("garbage",)
        elif move[0] == "rule":
            latest[move[1]] = move
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
