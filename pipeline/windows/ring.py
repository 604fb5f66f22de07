"""The buckets of one series over one span of time, for every window that fits them.

A window of length w slides in steps of b = max(1 s, w/60): at a reading of time t it holds the readings with time in
(floor(t/b)*b + b - w, t]. Buckets are (k*b, (k+1)*b], so each window is a run of whole buckets. Windows up to 60 s
share the ring of 60 s, in which b is 1 s; a longer one has the ring of its own length. b is 1/60 of the span in both
cases and need not be a whole number of milliseconds, so indexes are computed from 60 * t in integers.

A ring knows the readings that were put into it, not those from before it existed.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TypeAlias

from msgspec import Struct

from pipeline.windows.bucket import Bucket, add, open_bucket

STEPS = 60
SHORTEST_SPAN_MS = 60_000
MAX_AHEAD = 512

Ahead: TypeAlias = tuple[tuple[int, float], ...]


class Ring(Struct, frozen=True, array_like=True, gc=False):
    """Buckets in the order of their indexes, and readings (time, value) that the series' clock has not reached yet."""

    span: int
    buckets: tuple[Bucket, ...] = ()
    ahead: Ahead = ()


def span_of(window_ms: int) -> int:
    """The span of the ring that serves a window of this length."""
    return window_ms if window_ms > SHORTEST_SPAN_MS else SHORTEST_SPAN_MS


def window_start(window_ms: int, ts: int) -> int:
    """The window's lower bound at `ts`, rounded down: a whole-millisecond time is inside if it is above this."""
    span = span_of(window_ms)
    return ((ts * STEPS // span + 1) * span - window_ms * STEPS) // STEPS


def put(ring: Ring, ts: int, value: float, newest: int) -> Ring:
    """The ring with one more reading, where `newest` is the series' clock after that reading.

    What lies ahead of the clock waits, at most 512 readings; beyond that the earliest enters its bucket too soon, which
    can only matter if the clock is put back meanwhile. What no later window can hold is dropped.
    """
    span = ring.span
    oldest = newest * STEPS // span + 1 - STEPS
    buckets, ahead = ring.buckets, ring.ahead
    start = 0
    for bucket in buckets:
        if bucket[0] >= oldest:
            break
        start += 1
    if ts <= newest:
        index = (ts * STEPS - 1) // span
        if index >= oldest:
            buckets = _with(buckets, index, value, start)
        elif start:
            buckets = buckets[start:]
        if not ahead:
            return Ring(span, buckets)
    else:
        if start:
            buckets = buckets[start:]
        waiting = list(ahead)
        insort(waiting, (ts, value))
        ahead = tuple(waiting)
    passed = bisect_left(ahead, (newest + 1,))
    passed = max(passed, len(ahead) - MAX_AHEAD)
    for then, waited in ahead[:passed]:
        index = (then * STEPS - 1) // span
        if index >= oldest:
            buckets = _with(buckets, index, waited)
    return Ring(span, buckets, ahead[passed:])


def held(ring: Ring, window_ms: int, ts: int) -> tuple[Bucket, ...]:
    """The buckets of the window at `ts`, which must not lie before the series' clock; oldest first."""
    span = ring.span
    buckets = ring.buckets
    for then, waiting in ring.ahead:
        if then > ts:
            break
        buckets = _with(buckets, (then * STEPS - 1) // span, waiting)
    first = ts * STEPS // span + 1 - window_ms * STEPS // span
    start = bisect_left(buckets, (first,))
    return buckets[start:] if start else buckets


def _with(buckets: tuple[Bucket, ...], index: int, value: float, start: int = 0) -> tuple[Bucket, ...]:
    """`buckets[start:]` with a reading put into the bucket of this index."""
    if not buckets or buckets[-1][0] < index:
        return (*buckets[start:], open_bucket(index, value))
    if buckets[-1][0] == index:
        return (*buckets[start:-1], add(buckets[-1], value))
    at = bisect_left(buckets, (index,), start)
    if buckets[at][0] == index:
        return (*buckets[start:at], add(buckets[at], value), *buckets[at + 1 :])
    return (*buckets[start:at], open_bucket(index, value), *buckets[at:])
