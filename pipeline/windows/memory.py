"""The timestamps a series remembers, so that a reading that comes twice counts once: packed 64-bit integers, ascending.

Bytes, because they are copied at each reading and written into each snapshot as they are.
"""

from __future__ import annotations

from bisect import bisect_right
from struct import Struct
from typing import TypeAlias

Memory: TypeAlias = bytes

MAX_REMEMBERED = 512
_BYTES = 8
_one = Struct("q")  # native order: what memoryview.cast reads
_pack = _one.pack
_read = _one.unpack_from


def remember(memory: Memory, ts: int) -> Memory | None:
    """The memory with `ts`; None if it is there already."""
    if not memory or ts > _read(memory, len(memory) - _BYTES)[0]:
        return memory + _pack(ts)
    at = bisect_right(memoryview(memory).cast("q"), ts)
    if at and _read(memory, (at - 1) * _BYTES)[0] == ts:
        return None
    return memory[: at * _BYTES] + _pack(ts) + memory[at * _BYTES :]


def is_worth_forgetting(memory: Memory, floor: int) -> bool:
    """Whether there are too many, or a good part at or below `floor`: forgetting one at a time would cost more."""
    size = len(memory)
    return size > MAX_REMEMBERED * _BYTES or (size >= 16 * _BYTES and _read(memory, size // 32 * _BYTES)[0] <= floor)


def forget(memory: Memory, floor: int) -> tuple[Memory, int, int]:
    """The memory without what is at or below `floor`, which is of no use, and of the rest the newest 512.

    Also the floor that follows, the highest timestamp forgotten, and how many the limit cost.
    """
    old = bisect_right(memoryview(memory).cast("q"), floor)
    excess = max(0, len(memory) // _BYTES - old - MAX_REMEMBERED)
    if excess:
        floor = _read(memory, (old + excess - 1) * _BYTES)[0]
    return memory[(old + excess) * _BYTES :], floor, excess


def timestamps(memory: Memory) -> tuple[int, ...]:
    """What is remembered, ascending."""
    return tuple(memoryview(memory).cast("q"))
