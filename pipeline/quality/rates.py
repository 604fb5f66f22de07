"""How many alarms come in ten minutes, which is what a person can follow or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

PERIOD_MS = 600_000
FLOOD_LIMIT = 10
"""More alarms than this in ten minutes are a flood."""
_WORST = 5


@dataclass(frozen=True, slots=True)
class Rates:
    """Alarms per ten minutes; the last period of a stretch may be shorter and counts as one.

    `worst` holds the fullest periods as (start in ms, alarms); `floods` counts those beyond the limit.
    """

    periods: int
    average: float
    floods: int
    worst: tuple[tuple[int, int], ...]

    @property
    def flooded_share(self) -> float:
        """The share of periods that were a flood."""
        return self.floods / self.periods


def rates_of(opened: Iterable[int], start: int, stop: int) -> Rates:
    """The rates of alarms that opened at these instants, all in start <= t < stop."""
    counts = Counter((at - start) // PERIOD_MS for at in opened)
    periods = -(-(stop - start) // PERIOD_MS)
    fullest = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_WORST]
    return Rates(
        periods,
        counts.total() * PERIOD_MS / (stop - start),
        sum(count > FLOOD_LIMIT for count in counts.values()),
        tuple((start + index * PERIOD_MS, count) for index, count in fullest),
    )
