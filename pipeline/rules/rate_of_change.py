"""Judgement of `rate_of_change`: how fast a key changes per second, over a sliding event-time window."""

from __future__ import annotations

from math import isfinite

from pipeline.alerts import WindowEvidence
from pipeline.rules.conditions import RateConditions
from pipeline.rules.operators import compare
from pipeline.rules.verdict import UnitOf, Verdict, View
from pipeline.rules.wording import spoken, spoken_duration
from pipeline.windows.ring import held, span_of, window_start
from pipeline.windows.series import is_number, ring_of


def keys(conditions: RateConditions) -> tuple[str, ...]:
    """The keys whose readings decide."""
    return (conditions.key,)


def spans(conditions: RateConditions) -> tuple[tuple[str, int], ...]:
    """The ring that the key's series must have."""
    return ((conditions.key, span_of(conditions.window_seconds * 1000)),)


def judge(conditions: RateConditions, view: View) -> Verdict | None:
    """From the oldest reading in the window to the last one; None if that is the same, or no number, or too large."""
    known = view.series.get(conditions.key)
    if known is None or not is_number(known.last.value):
        return None
    window_ms = conditions.window_seconds * 1000
    ring = ring_of(known, span_of(window_ms))
    if ring is None:
        return None
    buckets = held(ring, window_ms, max(view.ts, known.newest))
    if not buckets or buckets[0][9] >= known.last.ts:
        return None
    rate = (float(known.last.value) - buckets[0][10]) * 1000 / (known.last.ts - buckets[0][9])
    if not isfinite(rate):
        return None
    holds = compare(rate, conditions.operator, conditions.value)
    samples = sum([bucket[1] for bucket in buckets])
    return None if holds is None else Verdict(holds, rate, conditions.value, samples)


def sides(conditions: RateConditions, verdict: Verdict, unit_of: UnitOf) -> tuple[str, str]:
    """Both sides of the comparison in words."""
    unit = f"{unit_of(conditions.key) or ''}/s"
    over = spoken_duration(conditions.window_seconds)
    return (
        f"change of {conditions.key} over {over} {spoken(verdict.value, unit)}",
        spoken(verdict.threshold, unit),
    )


def windows(conditions: RateConditions, verdict: Verdict, ts: int) -> tuple[WindowEvidence, ...]:
    """The window that the verdict was made from."""
    start = window_start(conditions.window_seconds * 1000, ts)
    value = float(verdict.value or 0)
    return (WindowEvidence(conditions.key, "rate", conditions.window_seconds, start, ts, verdict.samples, value),)
