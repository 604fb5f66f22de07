"""How many readings a second and core the fold judges, for each type of rule. It prints a table and asserts nothing.

Frames of 500 readings of 100 devices, one reading a second each; the rules match every reading. The last lines show
that rules for other devices cost nothing.
"""

from __future__ import annotations

from time import process_time
from typing import Any

from pipeline.events import Reading, Readings, RuleDefined, Ticked
from pipeline.fold import apply, new_state, step
from pipeline.rules.kinds import KINDS
from pipeline.rules.model import Rule, parse_rule
from pipeline.rules.verdict import View

START = 1_700_000_000_000
DEVICES, FRAMES = 100, 200
LIMIT: dict[str, Any] = {"key": "a", "operator": ">", "value": 1e9}
WINDOW: dict[str, Any] = {**LIMIT, "window_seconds": 60}
NIGHT: dict[str, Any] = {"windows": [{"start": "01:00", "end": "01:01"}], "timezone": "Europe/Berlin", "when": "inside"}
TYPES: dict[str, dict[str, Any]] = {
    "threshold": LIMIT,
    "comparison": {"key": "a", "operator": ">", "other_key": "a", "offset": 1e9},
    "statistical": {**WINDOW, "aggregate": "avg"},
    "rate_of_change": WINDOW,
    "absence": {"key": "a", "seconds": 600},
    "time_based": NIGHT,
    "compound": {"all": [{"type": "threshold", **LIMIT}, {"type": "threshold", **LIMIT}]},
}


def main() -> None:
    """Print the table."""
    bare = _fold([])
    print(f"{'readings without rules':<34}{bare * 1e6:8.2f} us a reading {1 / bare:12,.0f} a second")
    for name, conditions in TYPES.items():
        rule = _rule(name, conditions)
        whole = _fold([rule])
        alone = _judge(rule)
        print(
            f"{name:<34}{whole * 1e6:8.2f} us a reading {1 / whole:12,.0f} a second;"
            f" judging alone {alone * 1e6:6.2f} us {1 / alone:12,.0f} a second"
        )
    others = [_rule("threshold", LIMIT, f"other{number}") for number in range(10_000)]
    whole = _fold([_rule("threshold", LIMIT), *others])
    print(f"{'threshold, 10,000 rules elsewhere':<34}{whole * 1e6:8.2f} us a reading {1 / whole:12,.0f} a second")


def _rule(name: str, conditions: dict[str, Any], device_id: str | None = None) -> Rule:
    return parse_rule({"name": "R", "rule_type": name, "device_id": device_id, "conditions": conditions})


def _fold(rules: list[Rule]) -> float:
    """CPU seconds a reading."""
    state = new_state(0)
    offset = 0
    for number, rule in enumerate(rules):
        apply(state, step(state, offset, START, RuleDefined(1, f"r{number}", rule)))
        offset += 1
    frames = [
        Readings(
            tuple(
                Reading(f"d{device}", START + (number * 5 + second) * 1000, {"a": float(device + second)})
                for second in range(5)
                for device in range(DEVICES)
            )
        )
        for number in range(FRAMES)
    ]
    begun = process_time()
    for number, frame in enumerate(frames):
        now = START + number * 5_000 + 4_000
        apply(state, step(state, offset, now, frame))
        apply(state, step(state, offset + 1, now, Ticked(1_000)))
        offset += 2
    return (process_time() - begun) / (FRAMES * 5 * DEVICES)


def _judge(rule: Rule) -> float:
    """CPU seconds a judgement on a device with a minute of readings."""
    state = new_state(0)
    apply(state, step(state, 0, START, RuleDefined(1, "r", rule)))
    for number in range(70):
        entry = Reading("d", START + number * 1000, {"a": float(number)})
        apply(state, step(state, number + 1, START + number * 1000, Readings((entry,))))
    device = state.devices["d"]
    ts = START + 69_000
    view = View(device.series, ts, ts, ts, 0, ts, device.heard)
    judge, conditions = KINDS[rule.rule_type].judge, rule.conditions
    rounds = 50_000
    begun = process_time()
    for _ in range(rounds):
        judge(conditions, view)
    return (process_time() - begun) / rounds


if __name__ == "__main__":
    main()
