"""Judgement of `statistical`: an aggregate over a sliding event-time window compared with a fixed value."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.alerts import WindowEvidence
from pipeline.rules.model import StatisticalConditions
from pipeline.rules.operators import compare
from pipeline.rules.verdict import UnitOf, Verdict
from pipeline.rules.wording import spoken, spoken_duration
from pipeline.windows.aggregates import aggregate
from pipeline.windows.ring import held, span_of, window_start
from pipeline.windows.series import Series, is_number, ring_of


def keys(conditions: StatisticalConditions) -> tuple[str, ...]:
    """The keys whose readings decide."""
    return (conditions.key,)


def spans(conditions: StatisticalConditions) -> tuple[int, ...]:
    """The spans of the rings that the key's series must have."""
    return (span_of(conditions.window_seconds * 1000),)


def judge(conditions: StatisticalConditions, series: Mapping[str, Series], ts: int) -> Verdict | None:
    """Judge the window at `ts`; None if the reading is no number, or if the window holds too few or too large ones."""
    known = series[conditions.key]
    if not is_number(known.last.value):
        return None
    window_ms = conditions.window_seconds * 1000
    ring = ring_of(known, span_of(window_ms))
    if ring is None:
        return None
    wanted = conditions.min_samples or 1
    if conditions.aggregate == "stddev" and wanted < 2:
        wanted = 2
    found = aggregate(conditions.aggregate, held(ring, window_ms, ts), wanted)
    if found is None:
        return None
    samples, value = found
    holds = compare(value, conditions.operator, conditions.value)
    return None if holds is None else Verdict(holds, value, conditions.value, samples)


def sides(conditions: StatisticalConditions, verdict: Verdict, unit_of: UnitOf) -> tuple[str, str]:
    """Both sides of the comparison in words; a count has no unit."""
    unit = None if conditions.aggregate == "count" else unit_of(conditions.key)
    over = spoken_duration(conditions.window_seconds)
    left = f"{conditions.aggregate} of {conditions.key} over {over} {spoken(verdict.value, unit)}"
    return left, spoken(verdict.threshold, unit)


def windows(conditions: StatisticalConditions, verdict: Verdict, ts: int) -> tuple[WindowEvidence, ...]:
    """The window that the verdict was made from."""
    start = window_start(conditions.window_seconds * 1000, ts)
    value = float(verdict.value)
    return (
        WindowEvidence(
            conditions.key, conditions.aggregate, conditions.window_seconds, start, ts, verdict.samples, value
        ),
    )
