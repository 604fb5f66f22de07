"""Windows read straight from their definition: every reading kept, every window counted anew, in exact fractions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import floor, sqrt
from typing import TypeAlias

from pipeline.rules.model import Aggregate

Timed: TypeAlias = tuple[int, float]


def readings_in_window(readings: Sequence[Timed], window_seconds: int, ts: int) -> list[float]:
    """The values with time in (floor(t/b)*b + b - w, t], where b = max(1 s, w/60); in order of time."""
    window = Fraction(window_seconds * 1000)
    step = max(Fraction(1000), window / 60)
    lower = floor(Fraction(ts) / step) * step + step - window
    return [value for then, value in sorted(readings) if lower < then <= ts]


def naive_aggregate(name: Aggregate, values: Sequence[float], min_samples: int) -> float | None:
    """The aggregate, rounded once at its end; None for fewer readings than `min_samples`."""
    if len(values) < max(min_samples, 2 if name == "stddev" else 1):
        return None
    exact = [Fraction(value) for value in values]
    total = sum(exact, Fraction(0))
    if name == "avg":
        return float(total / len(exact))
    if name == "sum":
        return float(total)
    if name == "count":
        return float(len(exact))
    if name == "min":
        return min(values)
    if name == "max":
        return max(values)
    if name == "range":
        return float(max(exact) - min(exact))
    mean = total / len(exact)
    return sqrt(sum((value - mean) ** 2 for value in exact) / (len(exact) - 1))
