"""Judgement of `comparison`: two keys of one device against each other."""

from __future__ import annotations

from math import isfinite

from pipeline.events import Scalar
from pipeline.rules.conditions import ComparisonConditions
from pipeline.rules.operators import compare
from pipeline.rules.verdict import UnitOf, Verdict, View
from pipeline.rules.wording import spoken
from pipeline.windows.series import is_number


def keys(conditions: ComparisonConditions) -> tuple[str, ...]:
    """The keys whose readings decide: either side's."""
    if conditions.key == conditions.other_key:
        return (conditions.key,)
    return (conditions.key, conditions.other_key)


def judge(conditions: ComparisonConditions, view: View) -> Verdict | None:
    """Judge at the view's time; None if a side is missing, too old to be compared, or of another kind.

    Text and booleans compare as they are, if neither factor nor offset is set.
    """
    series, ts = view.series, view.ts
    left, right = series.get(conditions.key), series.get(conditions.other_key)
    if left is None or right is None:
        return None
    oldest = conditions.max_age_seconds * 1000
    if abs(ts - left.last.ts) > oldest or abs(ts - right.last.ts) > oldest:
        return None
    threshold: Scalar = right.last.value
    if conditions.factor != 1.0 or conditions.offset != 0.0:
        if not is_number(threshold):
            return None
        threshold = float(threshold) * conditions.factor + conditions.offset
        if not isfinite(threshold):
            return None
    value = left.last.value
    holds = compare(value, conditions.operator, threshold)
    return None if holds is None else Verdict(holds, value, threshold)


def sides(conditions: ComparisonConditions, verdict: Verdict, unit_of: UnitOf) -> tuple[str, str]:
    """Both sides of the comparison in words; the right one names its formula: `inlet * 2 + 3 (99.2 °C)`."""
    unit = unit_of(conditions.key)
    formula = conditions.other_key
    if conditions.factor != 1.0:
        formula += f" * {spoken(conditions.factor)}"
    if conditions.offset != 0.0:
        formula += f" {'+' if conditions.offset > 0 else '-'} {spoken(abs(conditions.offset))}"
    return f"{conditions.key} {spoken(verdict.value, unit)}", f"{formula} ({spoken(verdict.threshold, unit)})"
