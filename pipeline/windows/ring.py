"""The buckets of one series over one span of time, for every window that fits them.

A window of length w slides in steps of b = max(1 s, w/60): at a reading of time t it holds the readings with time in
(floor(t/b)*b + b - w, t]. Buckets are (k*b, (k+1)*b], so each window is a run of whole buckets. Windows up to 60 s
share the ring of 60 s, in which b is 1 s; a longer one has the ring of its own length. b is 1/60 of the span in both
cases and need not be a whole number of milliseconds, so indexes are computed from 60 * t in integers.

Eight buckets make a block, whose readings are summed up once more: so a window is read from about a dozen sums.
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

_BLOCK_BITS = 3

Block: TypeAlias = tuple[Bucket, tuple[Bucket, ...]]
"""The sum of a block, its index that of its buckets divided by 8, and its buckets, ascending."""
Ahead: TypeAlias = tuple[tuple[int, float], ...]


class Ring(Struct, frozen=True, array_like=True, gc=False):
    """Blocks, ascending, and readings (time, value), ascending, that the series' clock has not reached yet."""

    span: int
    blocks: tuple[Block, ...] = ()
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
    can only matter if the clock is put back meanwhile. Blocks that no later window can touch are dropped.
    """
    span = ring.span
    blocks, ahead = ring.blocks, ring.ahead
    oldest = (newest * STEPS // span + 1 - STEPS) >> _BLOCK_BITS
    if blocks and blocks[0][0][0] < oldest:
        blocks = tuple([block for block in blocks if block[0][0] >= oldest])
    if ts <= newest:
        index = (ts * STEPS - 1) // span
        if index >> _BLOCK_BITS >= oldest:
            blocks = _with(blocks, index, ts, value)
        if not ahead:
            return Ring(span, blocks)
    else:
        waiting = list(ahead)
        insort(waiting, (ts, value))
        ahead = tuple(waiting)
    passed = max(bisect_left(ahead, (newest + 1,)), len(ahead) - MAX_AHEAD)
    for then, waited in ahead[:passed]:
        index = (then * STEPS - 1) // span
        if index >> _BLOCK_BITS >= oldest:
            blocks = _with(blocks, index, then, waited)
    return Ring(span, blocks, ahead[passed:])


def held(ring: Ring, window_ms: int, ts: int) -> list[Bucket]:
    """What the window at `ts` holds, oldest first, in as few sums as there are; `ts` must not be before the series'
    clock."""
    span = ring.span
    blocks = ring.blocks
    for then, waiting in ring.ahead:
        if then > ts:
            break
        blocks = _with(blocks, (then * STEPS - 1) // span, then, waiting)
    first = ts * STEPS // span + 1 - window_ms * STEPS // span
    border = (first - 1) >> _BLOCK_BITS  # blocks above it lie in the window as a whole
    start = 0
    for block in blocks:
        if block[0][0] >= border:
            break
        start += 1
    if start < len(blocks) and blocks[start][0][0] == border:
        edge = [bucket for bucket in blocks[start][1] if bucket[0] >= first]
        return edge + [block[0] for block in blocks[start + 1 :]]
    return [block[0] for block in blocks[start:]]


def _with(blocks: tuple[Block, ...], index: int, ts: int, value: float) -> tuple[Block, ...]:
    """The blocks with a reading put into the bucket of this index."""
    number = index >> _BLOCK_BITS
    at = len(blocks)
    while at:
        total, buckets = blocks[at - 1]
        if total[0] == number:
            block = (add(total, ts, value), _with_bucket(buckets, index, ts, value))
            return (*blocks[: at - 1], block, *blocks[at:])
        if total[0] < number:
            break
        at -= 1
    return (*blocks[:at], (open_bucket(number, ts, value), (open_bucket(index, ts, value),)), *blocks[at:])


def _with_bucket(buckets: tuple[Bucket, ...], index: int, ts: int, value: float) -> tuple[Bucket, ...]:
    if buckets[-1][0] < index:
        return (*buckets, open_bucket(index, ts, value))
    if buckets[-1][0] == index:
        return (*buckets[:-1], add(buckets[-1], ts, value))
    at = bisect_left(buckets, (index,))
    if buckets[at][0] == index:
        return (*buckets[:at], add(buckets[at], ts, value), *buckets[at + 1 :])
    return (*buckets[:at], open_bucket(index, ts, value), *buckets[at:])
