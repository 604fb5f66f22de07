"""The timestamps a series remembers, so that a reading that comes twice counts once: packed 64-bit integers, ascending.

Bytes, because they are copied at each reading and written into each snapshot as they are.
"""

from __future__ import annotations

from bisect import bisect_left
from struct import Struct
from typing import TypeAlias

Memory: TypeAlias = bytes

MAX_REMEMBERED = 512
_BYTES = 8
_one = Struct("q")  # native order: what memoryview.cast reads


def remember(memory: Memory, ts: int) -> Memory | None:
    """The memory with `ts`; None if it is there already."""
    if not memory or ts > _one.unpack_from(memory, len(memory) - _BYTES)[0]:
        return memory + _one.pack(ts)
    at = bisect_left(memoryview(memory).cast("q"), ts)
    if _one.unpack_from(memory, at * _BYTES)[0] == ts:
        return None
    return memory[: at * _BYTES] + _one.pack(ts) + memory[at * _BYTES :]


def forget(memory: Memory, horizon: int) -> tuple[Memory, int | None, int]:
    """The memory without what is older than `horizon`, and of the rest at most 512, the newest.

    Also the highest timestamp forgotten, if any, and how many the limit cost.
    """
    old = 0
    if _one.unpack_from(memory)[0] < horizon:
        old = bisect_left(memoryview(memory).cast("q"), horizon)
    excess = max(0, len(memory) // _BYTES - old - MAX_REMEMBERED)
    gone = old + excess
    if not gone:
        return memory, None, 0
    return memory[gone * _BYTES :], _one.unpack_from(memory, (gone - 1) * _BYTES)[0], excess


def timestamps(memory: Memory) -> tuple[int, ...]:
    """What is remembered, ascending."""
    return tuple(memoryview(memory).cast("q"))
