"""A bucket: the readings of one step of a window, as sums that can be merged without losing digits.

A plain tuple, because a large plant has millions of them and the garbage collector stops tracking plain tuples.
"""

from __future__ import annotations

from typing import TypeAlias

Bucket: TypeAlias = tuple[int, int, float, float, float, float, float, float, float, int, float]
"""(index, count, total, compensation, origin, shift, spread, lowest, highest, earliest, its value).

`total + compensation` is the sum (Neumaier). `origin` is the first value; `shift` the mean of all values' distance from
it and `spread` the sum of squared distances from the mean (Welford), so that readings near 1e9 that differ by 1e-3
keep their standard deviation. `earliest` is a time in milliseconds. Overflow makes infinities or NaN,
never an exception.
"""


def open_bucket(index: int, ts: int, value: float) -> Bucket:
    """A bucket with its first reading."""
    return (index, 1, value, 0.0, value, 0.0, 0.0, value, value, ts, value)


def add(bucket: Bucket, ts: int, value: float) -> Bucket:
    """The bucket with one more reading."""
    index, count, total, compensation, origin, shift, spread, lowest, highest, earliest, early = bucket
    count += 1
    raised = total + value
    if abs(total) >= abs(value):
        compensation += (total - raised) + value
    else:
        compensation += (value - raised) + total
    if ts < earliest:
        earliest, early = ts, value
    distance = value - origin
    off = distance - shift
    shift += off / count
    spread += off * (distance - shift)
    return (
        index,
        count,
        raised,
        compensation,
        origin,
        shift,
        spread,
        value if value < lowest else lowest,
        value if value > highest else highest,
        earliest,
        early,
    )
