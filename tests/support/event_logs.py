"""Hypothesis strategies for whole logs of one partition, small and wild: late, ahead, doubled, redefined, removed."""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

from hypothesis import strategies as st

from pipeline import events
from pipeline.alerts import AlertEvent
from pipeline.events import Event, Reading, Scalar
from pipeline.fold import apply, new_state, step
from pipeline.policy import Policy
from pipeline.rules.model import Rule, parse_rule

PARTITION = 3
START = 1_700_000_000_000
DEVICES = ("d0", "d1", "d2")
RULES = ("r0", "r1", "r2", "r3")


class Record(NamedTuple):
    """A record of the journal; its offset is its place in the log. No event: it can't be decoded."""

    timestamp: int
    event: Event | None


Log = list[Record]


def rule(
    rule_type: str,
    device_id: str | None = None,
    enabled: bool = True,
    name: str = "R",
    common: dict[str, Any] | None = None,
    **conditions: Any,
) -> Rule:
    """A rule in short; `common` are fields that all types have."""
    return parse_rule(
        {
            "name": name,
            "rule_type": rule_type,
            "device_id": device_id,
            "enabled": enabled,
            "conditions": conditions,
            **(common or {}),
        }
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

_HIGH: dict[str, Any] = {"key": "a", "operator": ">", "value": 4}
_OPEN: dict[str, Any] = {"type": "threshold", "key": "b", "operator": "==", "value": "open"}
# 2023-11-14T22:13:20Z is where logs begin.
_AROUND = {"windows": [{"start": "22:13", "end": "22:15"}, {"start": "22:20", "end": "00:00"}], "timezone": "UTC"}
_wide: tuple[tuple[str, dict[str, Any]], ...] = (
    ("rate_of_change", {"key": "a", "operator": ">", "value": 0.5, "window_seconds": 10}),
    ("rate_of_change", {"key": "b", "operator": "<=", "value": 0, "window_seconds": 90}),
    ("absence", {"key": "b", "seconds": 20}),
    ("absence", {"seconds": 45}),
    ("time_based", {**_AROUND, "when": "inside"}),
    ("time_based", {**_AROUND, "when": "outside", "condition": {"type": "threshold", **_HIGH}}),
    ("compound", {"all": [{"type": "threshold", **_HIGH}, _OPEN]}),
    ("compound", {"any": [_OPEN, {"type": "absence", "key": "c", "seconds": 30}]}),
    (
        "compound",
        {"all": [{"type": "threshold", **_HIGH}, {"type": "time_based", **_AROUND, "when": "inside"}]},
    ),
    ("threshold", {"key": "$status", "operator": "==", "value": "offline"}),
)
_timings: tuple[dict[str, Any], ...] = (
    {"for_seconds": 5},
    {"for_seconds": 40, "clear_for_seconds": 3},
    {"clear_for_seconds": 10},
    {"cooldown_seconds": 30},
    {"clear": _OPEN},
    {"clear": {"type": "absence", "key": "b", "seconds": 10}},
    {"escalate": [{"after_seconds": 10, "severity": "critical"}]},
    {"cooldown_seconds": 5, "for_seconds": 1, "clear_for_seconds": 1},
)
_valued: tuple[dict[str, Any], ...] = (
    {"clear_value": 2},
    {"clear_value": 3.5, "for_seconds": 2, "escalate": [{"value": 6, "severity": "critical"}]},
    {"escalate": [{"after_seconds": 3, "severity": "warning"}, {"value": 7, "severity": "critical"}]},
)

_OFFS = (0, 0, 0, 0, 0, -200, -1_000, -1_001, -9_000, -40_000, -61_000, 500, 3_000, 25_000)
_PAUSES = (0, 100, 900, 1_000, 1_000, 2_500, 5_000, 30_000, -2_000)


@st.composite
def timed_logs(draw: st.DrawFn, *, max_size: int = 40) -> Log:
    """A log of a few rules of any type, and then frames, ticks and statuses only."""
    rng = Random(draw(st.integers(min_value=0, max_value=2**32), "seed"))
    moves = [_wide_rule(rng) for _ in range(rng.randint(1, 4))]
    while len(moves) < max_size:
        move = rng.choice((_frame, _frame, _happening))(rng)
        if move[0] in ("frame", "ticks", "status"):
            moves.append(move)
    kept = draw(st.integers(min_value=0, max_value=max_size).map(lambda dropped: len(moves) - dropped), "length")
    return _written(moves[:kept], [rng.choice(_PAUSES) for _ in moves[:kept]])


@st.composite
def logs(draw: st.DrawFn, *, settled: bool = False, wide: bool = True, max_size: int = 40) -> Log:
    """A log that begins with a few rules; a `settled` one holds frames only after them. Unless it is `wide`, rules are
    of three types, open and resolve by their condition alone, and nobody says a word.

    Drawn by a seeded generator: Hypothesis alone seldom makes logs that are long enough to raise and resolve alerts.
    A log that breaks a law is shortened from its end.
    """
    rng = Random(draw(st.integers(min_value=0, max_value=2**32), "seed"))
    define = _wide_rule if wide else _rule
    moves = [define(rng) for _ in range(rng.randint(1, 4))]
    pick = [_frame] if settled else [_frame] * 12 + [define] * 2 + [_other] * (1 if not wide else 5)
    if wide and not settled:
        pick += [_happening] * 8
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


def _wide_rule(rng: Random) -> Any:
    """A rule of any type, perhaps with durations."""
    _, rule_id, bump, (rule_type, conditions), device, enabled, name = _rule(rng)
    common: dict[str, Any] = {}
    if rng.random() < 0.6:
        rule_type, conditions = rng.choice(_wide)
    if rng.random() < 0.6 and rule_type != "absence":
        common = rng.choice(_timings)
    elif rng.random() < 0.5:
        rule_type, conditions, common = "threshold", _HIGH, {"severity": "info", **rng.choice(_valued)}
    if device is None and rng.random() < 0.3:
        common = {**common, "selector": {"location": "Hall"}}
    return "rule", rule_id, bump, (rule_type, {**conditions, "common": common}), device, enabled, name


def _happening(rng: Random) -> Any:
    """Time passing, and people."""
    kind = rng.random()
    if kind < 0.5:
        return "ticks", rng.randint(1, 40)
    if kind < 0.8:
        word = rng.choice(("acknowledge", "acknowledge", "unacknowledge", "note", "close", "close"))
        return "word", word, rng.randint(0, 5)
    if kind < 0.9:
        return "status", rng.choice(DEVICES), rng.choice(("online", "offline", "resting"))
    return "reset", rng.choice(DEVICES)


def _other(rng: Random) -> Any:
    bump = rng.choice((0, 1, 1))
    return rng.choice(
        (
            ("rename", rng.choice(RULES)),
            ("unrule", rng.choice(RULES), bump),
            ("device", rng.choice(DEVICES), bump, rng.random() < 0.7),
            ("undevice", rng.choice(DEVICES), bump),
            ("policy", rng.random() < 0.7, rng.choice((0, 10_000, 60_000, 600_000)), rng.choice((1, 2, 30))),
            ("silence", bump, rng.choice((1_000, 30_000)), rng.choice((None, *DEVICES)), rng.choice((None, "info"))),
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
        if move[0] == "ticks":
            for _ in range(move[1]):
                clock += 1_000
                highest = max(highest, clock)
                log.append(Record(clock, events.Ticked(1_000)))
        elif move[0] == "word":
            log.append(Record(clock, _word(log, *move[1:])))
        else:
            log.append(Record(clock, _event(move, highest, version)))
    return log


_WORDS: dict[str, Any] = {
    "acknowledge": events.AlertAcknowledged,
    "unacknowledge": events.AlertUnacknowledged,
    "note": events.AlertNoted,
    "close": events.AlertClosed,
}


def _word(log: Log, word: str, number: int) -> Event:
    """A word on one of the newest alerts that such a log raises, or on one that does not exist."""
    state, raised = new_state(PARTITION), [("none", "d0", "r0")]
    for offset, (timestamp, event) in enumerate(log):
        made = step(state, offset, timestamp, event)
        apply(state, made)
        raised += [
            (it.alert_id, it.device_id, it.rule_id)
            for it in made.outputs
            if isinstance(it, AlertEvent) and it.transition == "raised"
        ]
    made_by: Event = _WORDS[word](*raised[-1 - number % len(raised)], "somebody", "seen" if number else "")
    return made_by


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
            return events.PolicyDefined(version("policy", 1), Policy(rest[0], rest[1], 20_000, rest[2]))
        case "silence":
            length, device_id, severity = rest[1:]
            silence = events.Silence(
                "s", now, now + length, "maintenance", "somebody", device_id=device_id, severity=severity
            )
            return events.SilenceDefined(version("silence", rest[0]), silence)
        case "tick":
            return events.Ticked(1_000)
        case "status":
            return events.StatusReported(rest[0], now - 10, rest[1])
        case "reset":
            return events.DeviceClockReset(rest[0])
        case "taken":
            return events.PartitionTaken("worker")
    return None
