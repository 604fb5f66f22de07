"""Judgement of `threshold`: a reading compared with a fixed value."""

from __future__ import annotations

from pipeline.rules.conditions import ThresholdConditions
from pipeline.rules.operators import compare
from pipeline.rules.verdict import UnitOf, Verdict, View
from pipeline.rules.wording import spoken


def keys(conditions: ThresholdConditions) -> tuple[str, ...]:
    """The keys whose readings decide."""
    return (conditions.key,)


def judge(conditions: ThresholdConditions, view: View) -> Verdict | None:
    """Judge the key's last reading; None without one, or if it can't be compared with the rule's value."""
    known = view.series.get(conditions.key)
    if known is None:
        return None
    value = known.last.value
    holds = compare(value, conditions.operator, conditions.value)
    return None if holds is None else Verdict(holds, value, conditions.value)


def sides(conditions: ThresholdConditions, verdict: Verdict, unit_of: UnitOf) -> tuple[str, str]:
    """Both sides of the comparison in words."""
    unit = unit_of(conditions.key)
    return f"{conditions.key} {spoken(verdict.value, unit)}", spoken(verdict.threshold, unit)
