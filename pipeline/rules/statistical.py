"""Judgement of `statistical`: an aggregate over a sliding event-time window compared with a fixed value."""

from __future__ import annotations

from pipeline.alerts import WindowEvidence
from pipeline.rules.conditions import StatisticalConditions
from pipeline.rules.operators import compare
from pipeline.rules.verdict import UnitOf, Verdict, View
from pipeline.rules.wording import spoken, spoken_duration
from pipeline.windows.aggregates import aggregate
from pipeline.windows.ring import held, span_of, window_start
from pipeline.windows.series import is_number, ring_of


def keys(conditions: StatisticalConditions) -> tuple[str, ...]:
    """The keys whose readings decide."""
    return (conditions.key,)


def spans(conditions: StatisticalConditions) -> tuple[tuple[str, int], ...]:
    """The ring that the key's series must have."""
    return ((conditions.key, span_of(conditions.window_seconds * 1000)),)


def judge(conditions: StatisticalConditions, view: View) -> Verdict | None:
    """Judge the window at the view's time, or the series' clock where that is later.

    None if the last reading is no number, or if the window holds too few or too large ones.
    """
    known = view.series.get(conditions.key)
    if known is None or not is_number(known.last.value):
        return None
    window_ms = conditions.window_seconds * 1000
    ring = ring_of(known, span_of(window_ms))
    if ring is None:
        return None
    wanted = conditions.min_samples or 1
    if conditions.aggregate == "stddev" and wanted < 2:
        wanted = 2
    found = aggregate(conditions.aggregate, held(ring, window_ms, max(view.ts, known.newest)), wanted)
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
    return (
        WindowEvidence(
            conditions.key,
            conditions.aggregate,
            conditions.window_seconds,
            start,
            ts,
            verdict.samples,
            float(verdict.value or 0),
        ),
    )
