"""What judging a condition gives, and what a judgement is told of the device."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from msgspec import Struct

from pipeline.events import Scalar
from pipeline.windows.series import Series

UnitOf: TypeAlias = Callable[[str], str | None]
"""The unit of a key, if known."""


class Verdict(Struct, frozen=True, array_like=True):
    """Whether the condition holds, and the two sides that were compared; `samples` readings made the left one.

    `parts` are the verdicts of the conditions inside, None for what is not known.
    """

    holds: bool
    value: bool | int | float | str | None
    threshold: bool | int | float | str | None
    samples: int = 1
    parts: tuple[Verdict | None, ...] = ()


class Heard(Struct, frozen=True, array_like=True, gc=False):
    """When a key last came, by three clocks: its own, the ticks added up, the journal's; `ts` None: never yet.

    `silent`: the longest silence since then that a reading of another key has shown, in milliseconds.
    """

    ts: int | None
    ticked: int
    journal: int
    silent: int = 0


class View(NamedTuple):
    """A device at the moment of judgement.

    `ts` is the time of the reading, on a tick of the last one: between readings, values and windows stay as they are.
    `wall` is what its clock shows, on a tick as far as ticks moved it on. `now` is how late it is by readings, at most
    the journal's time.
    """

    series: Mapping[str, Series]
    ts: int
    wall: int
    now: int
    ticked: int
    journal: int
    heard: Mapping[str, Heard] = {}

    def last(self, key: str) -> Scalar | None:
        """The key's last value in order, if there is one."""
        known = self.series.get(key)
        return None if known is None else known.last.value
