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
    """When a key last came, by three clocks: its own, the ticks added up, the journal's; `ts` None: never yet."""

    ts: int | None
    ticked: int
    journal: int


class View(NamedTuple):
    """A device at the moment of judgement. `now` is its time, at most the journal's; a tick has no reading, so `ts` is
    then the device's time as ticks let it pass."""

    series: Mapping[str, Series]
    ts: int
    now: int
    ticked: int
    journal: int
    heard: Mapping[str, Heard] = {}

    def last(self, key: str) -> Scalar | None:
        """The key's last value in order, if there is one."""
        known = self.series.get(key)
        return None if known is None else known.last.value
