"""The conditions of each rule type judged on facts: a second reading of the language, apart from detection's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from pipeline.events import Scalar
from pipeline.explain.facts import Facts
from pipeline.rules.model import ComparisonConditions, Rule, StatisticalConditions, ThresholdConditions
from pipeline.rules.operators import compare
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
    """Every condition of the rule, in its order."""
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
        if abs(facts.at - reading.ts) > oldest:
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


JUDGES: Mapping[str, Callable[[Any, Facts, str | None], tuple[Judged, ...]]] = {
    "threshold": _threshold,
    "comparison": _comparison,
    "statistical": _statistical,
}


def _judged(said: str, value: Scalar, operator: Any, threshold: Scalar) -> Judged:
    holds = compare(value, operator, threshold)
    return Judged(said, value, threshold, holds, "" if holds is not None else "its sides cannot be compared")


def _unknown(said: str, threshold: Scalar | None, why: str) -> Judged:
    return Judged(said, None, threshold, None, why)
