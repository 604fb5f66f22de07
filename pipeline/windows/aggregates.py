"""What a window's buckets amount to.

Sums are rounded once, whatever the order of the buckets (`math.fsum`); so the same readings give the same bits after
any snapshot and replay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import fsum, isfinite, sqrt
from operator import itemgetter
from typing import TypeAlias

from pipeline.rules.base import Aggregate
from pipeline.windows.bucket import Bucket

Buckets: TypeAlias = Sequence[Bucket]

_count = itemgetter(1)
_total = itemgetter(2)
_compensation = itemgetter(3)


def aggregate(name: Aggregate, buckets: Buckets, min_samples: int) -> tuple[int, float] | None:
    """The number of readings and their aggregate; None if they are fewer than `min_samples`, at least 1 (2 for stddev),
    or if the aggregate is too large for a double."""
    count = sum(map(_count, buckets))
    if count < min_samples:
        return None
    try:
        value = _AGGREGATES[name](buckets, count)
    except (OverflowError, ValueError):  # fsum's words for a sum beyond doubles, and for infinities of both signs
        return None
    return (count, value) if isfinite(value) else None


def _sum(buckets: Buckets, count: int) -> float:
    return fsum([*map(_total, buckets), *map(_compensation, buckets)])


def _avg(buckets: Buckets, count: int) -> float:
    return _sum(buckets, count) / count


def _min(buckets: Buckets, count: int) -> float:
    return min([bucket[7] for bucket in buckets])


def _max(buckets: Buckets, count: int) -> float:
    return max([bucket[8] for bucket in buckets])


def _range(buckets: Buckets, count: int) -> float:
    return _max(buckets, count) - _min(buckets, count)


def _counted(buckets: Buckets, count: int) -> float:
    return float(count)


def _stddev(buckets: Buckets, count: int) -> float:
    base = buckets[0][4]
    means = [(n, origin - base + shift, spread) for _, n, _, _, origin, shift, spread, _, _, _, _ in buckets]
    mean = fsum([n * at for n, at, _ in means]) / count
    between = fsum([n * (at - mean) * (at - mean) for n, at, _ in means])
    return sqrt((fsum([spread for _, _, spread in means]) + between) / (count - 1))


_AGGREGATES: Mapping[Aggregate, Callable[[Buckets, int], float]] = {
    "avg": _avg,
    "min": _min,
    "max": _max,
    "stddev": _stddev,
    "sum": _sum,
    "count": _counted,
    "range": _range,
}
