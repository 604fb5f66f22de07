"""The conditions of each rule type judged on facts: a second reading of the language, apart from detection's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from pipeline.events import Scalar
from pipeline.explain.facts import Facts
from pipeline.rules.conditions import (
    ComparisonConditions,
    CompoundConditions,
    RateConditions,
    StatisticalConditions,
    ThresholdConditions,
    TimeBasedConditions,
)
from pipeline.rules.model import Rule
from pipeline.rules.operators import compare
from pipeline.rules.time_based import is_inside, spoken_windows
from pipeline.rules.wording import spoken, spoken_duration


@dataclass(frozen=True, slots=True)
class Judged:
    """One condition: in words, the two sides with their values, and whether it holds.

    `holds` is None where the facts do not let it be judged; `why` then says what is missing.
    """

    condition: str
    value: Scalar | None
    threshold: Scalar | None
    holds: bool | None
    why: str = ""


def judge(rule: Rule, facts: Facts, unit: str | None) -> tuple[Judged, ...]:
    """The rule's condition, and after it each condition inside it, in their order."""
    return JUDGES[rule.rule_type](rule.conditions, facts, unit)


def _threshold(conditions: ThresholdConditions, facts: Facts, unit: str | None) -> tuple[Judged, ...]:
    said = f"{conditions.key} {conditions.operator} {spoken(conditions.value, unit)}"
    reading = facts.reading(conditions.key)
    if reading is None:
        return (_unknown(said, conditions.value, f"no reading of {conditions.key}"),)
    return (_judged(said, reading.value, conditions.operator, conditions.value),)


def _comparison(conditions: ComparisonConditions, facts: Facts, unit: str | None) -> tuple[Judged, ...]:
    factor = f" * {spoken(conditions.factor)}" if conditions.factor != 1.0 else ""
    offset = f" + {spoken(conditions.offset, unit)}" if conditions.offset != 0.0 else ""
    said = f"{conditions.key} {conditions.operator} {conditions.other_key}{factor}{offset}"
    oldest = conditions.max_age_seconds * 1000
    sides = []
    for key in (conditions.key, conditions.other_key):
        reading = facts.reading(key)
        if reading is None:
            return (_unknown(said, None, f"no reading of {key}"),)
        if abs(facts.judged_at - reading.ts) > oldest:
            return (_unknown(said, None, f"{key} is older than {spoken_duration(conditions.max_age_seconds)}"),)
        sides.append(reading.value)
    value, threshold = sides
    if conditions.factor != 1.0 or conditions.offset != 0.0:
        if isinstance(threshold, bool | str):
            return (_unknown(said, None, f"{conditions.other_key} is no number"),)
        threshold = float(threshold) * conditions.factor + conditions.offset
        if not isfinite(threshold):
            return (_unknown(said, None, f"{conditions.other_key} is too large"),)
    return (_judged(said, value, conditions.operator, threshold),)


def _statistical(conditions: StatisticalConditions, facts: Facts, unit: str | None) -> tuple[Judged, ...]:
    over = spoken_duration(conditions.window_seconds)
    unit = None if conditions.aggregate == "count" else unit
    said = (
        f"{conditions.aggregate} of {conditions.key} over {over} {conditions.operator} {spoken(conditions.value, unit)}"
    )
    window = facts.window(conditions.key, conditions.aggregate, conditions.window_seconds)
    if window is None:
        return (_unknown(said, conditions.value, f"no window of {conditions.key}"),)
    needed = max(conditions.min_samples or 1, 2 if conditions.aggregate == "stddev" else 1)
    if window.count < needed:
        return (_unknown(said, conditions.value, f"{window.count} readings are fewer than {needed}"),)
    return (_judged(said, window.value, conditions.operator, conditions.value),)


def _rate(conditions: RateConditions, facts: Facts, unit: str | None) -> tuple[Judged, ...]:
    over = spoken_duration(conditions.window_seconds)
    said = f"change of {conditions.key} over {over} {conditions.operator} {spoken(conditions.value)} per second"
    window = facts.window(conditions.key, "rate", conditions.window_seconds)
    if window is None:
        return (_unknown(said, conditions.value, f"no window of {conditions.key}"),)
    return (_judged(said, window.value, conditions.operator, conditions.value),)


def _schedule(conditions: TimeBasedConditions, facts: Facts, unit: str | None) -> tuple[Judged, ...]:
    said = spoken_windows(conditions)
    in_time = is_inside(conditions.windows, conditions.timezone, facts.at) is (conditions.when == "inside")
    if not in_time or conditions.condition is None:
        return (Judged(said, None, None, in_time),)
    parts = _part(conditions.condition, facts, unit)
    first = parts[0]
    return (Judged(f"{said}, and", first.value, first.threshold, first.holds, first.why), *parts)


def _compound(conditions: CompoundConditions, facts: Facts, unit: str | None) -> tuple[Judged, ...]:
    parts = [_part(part, facts, unit) for part in conditions.parts]
    said = "all of" if conditions.all is not None else "any of"
    decisive = conditions.all is None
    heads = [part[0] for part in parts]
    deciding = next((head for head in heads if head.holds is decisive), None)
    if deciding is not None:
        whole = Judged(said, deciding.value, deciding.threshold, decisive)
    elif any(head.holds is None for head in heads):
        whole = _unknown(said, None, next(head.why for head in heads if head.holds is None))
    else:
        whole = Judged(said, heads[0].value, heads[0].threshold, not decisive)
    return (whole, *[each for part in parts for each in part])


def _absence(conditions: Any, facts: Facts, unit: str | None) -> tuple[Judged, ...]:
    said = f"no {conditions.key or 'reading'} for {spoken_duration(conditions.seconds)}"
    return (_unknown(said, conditions.seconds, "when it was heard last is not part of the evidence"),)


def _part(condition: Any, facts: Facts, unit: str | None) -> tuple[Judged, ...]:
    return JUDGES[condition.type](condition, facts, unit)


JUDGES: Mapping[str, Callable[[Any, Facts, str | None], tuple[Judged, ...]]] = {
    "threshold": _threshold,
    "comparison": _comparison,
    "statistical": _statistical,
    "rate_of_change": _rate,
    "time_based": _schedule,
    "compound": _compound,
    "absence": _absence,
}


def _judged(said: str, value: Scalar, operator: Any, threshold: Scalar) -> Judged:
    holds = compare(value, operator, threshold)
    return Judged(said, value, threshold, holds, "" if holds is not None else "its sides cannot be compared")


def _unknown(said: str, threshold: Scalar | None, why: str) -> Judged:
    return Judged(said, None, threshold, None, why)
