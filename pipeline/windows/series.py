"""One key of one device: which readings are in order, late or known already, and what of them is kept.

`newest`, the series' clock, is the highest of min(event time, journal time): a device whose clock runs ahead does not
blind its rules once it is corrected.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from msgspec import Struct

from pipeline.events import Scalar
from pipeline.windows.memory import Memory, forget, is_worth_forgetting, remember
from pipeline.windows.ring import Ring, put

Fate: TypeAlias = Literal["applied", "late", "too_late", "duplicate"]
"""`applied`: in order. `late`: enters windows, decides nothing. The others change nothing."""

_BEFORE_ALL: Final = -(2**63)


class Last(Struct, frozen=True, array_like=True, gc=False):
    """The last in-order reading, with the journal offset of its frame and its place in it."""

    ts: int
    value: bool | int | float | str
    offset: int
    index: int


class Series(Struct, frozen=True, array_like=True, gc=False):
    """What is kept of one key. Nothing at or below `floor` is accepted any more: it was beyond the allowed lateness
    once, or its timestamps had to be forgotten."""

    newest: int
    floor: int
    memory: Memory
    last: Last
    rings: tuple[Ring, ...] = ()


Taken: TypeAlias = tuple[Series, Fate, int]
"""The series after a reading, what became of the reading, and how many timestamps were forgotten early."""


def is_number(value: Scalar) -> bool:
    """Whether a value can enter windows: booleans and text do not."""
    kind = type(value)
    return kind is float or kind is int


def take(series: Series | None, reading: Last, journal_time: int, lateness_ms: int, spans: tuple[int, ...]) -> Taken:
    """Take one reading. `spans` (ascending) are the rings that rules need now; other rings are dropped."""
    ts = reading.ts
    if series is None:
        series = Series(_BEFORE_ALL, _BEFORE_ALL, b"", reading)
    newest, floor = series.newest, series.floor
    if ts <= floor or ts < newest - lateness_ms:
        return series, "too_late", 0
    memory = remember(series.memory, ts)
    if memory is None:
        return series, "duplicate", 0
    fate: Fate
    if ts >= newest:
        fate, last = "applied", reading
        reached = ts if ts < journal_time else journal_time
        if reached > newest:
            newest = reached
    else:
        fate, last = "late", series.last
    beyond = newest - lateness_ms - 1
    if beyond > floor:
        floor = beyond
    forgotten = 0
    if is_worth_forgetting(memory, floor):
        memory, floor, forgotten = forget(memory, floor)
    rings = series.rings
    if spans or rings:
        rings = _put_into(_needed(rings, spans), reading, newest)
    return Series(newest, floor, memory, last, rings), fate, forgotten


def ring_of(series: Series, span: int) -> Ring | None:
    """The ring of this span, if there is one."""
    for ring in series.rings:
        if ring.span == span:
            return ring
    return None


def _needed(rings: tuple[Ring, ...], spans: tuple[int, ...]) -> tuple[Ring, ...]:
    if len(rings) == len(spans):
        for ring in rings:
            if ring.span not in spans:
                break
        else:
            return rings
    kept = {ring.span: ring for ring in rings}
    return tuple([kept.get(span) or Ring(span) for span in spans])


def _put_into(rings: tuple[Ring, ...], reading: Last, newest: int) -> tuple[Ring, ...]:
    if not is_number(reading.value):
        return rings
    value = float(reading.value)
    return tuple([put(ring, reading.ts, value, newest) for ring in rings])
