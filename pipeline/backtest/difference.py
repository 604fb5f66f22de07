"""What two rules say of the same stretch: alerts that only one raises, and alerts that both raise at other times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.backtest.episodes import Episode

_FOREVER = 2**63


@dataclass(frozen=True, slots=True)
class Difference:
    """`shifted` and `same` hold pairs (old, new) that overlap in time; `same` opens and ends at the same instants."""

    added: tuple[Episode, ...]
    removed: tuple[Episode, ...]
    shifted: tuple[tuple[Episode, Episode], ...]
    same: tuple[tuple[Episode, Episode], ...]


def compare(old: Sequence[Episode], new: Sequence[Episode]) -> Difference:
    """Pair the alerts of each device that overlap in time, those with the same opening first, then in their order."""
    paired: dict[int, int] = {}
    openings = {(each.device_id, each.opened_at): index for index, each in reversed(list(enumerate(new)))}
    for index, each in enumerate(old):
        other = openings.pop((each.device_id, each.opened_at), None)
        if other is not None:
            paired[index] = other
    free = [index for index in range(len(new)) if index not in set(paired.values())]
    for index, each in enumerate(old):
        if index in paired:
            continue
        found = next((other for other in free if _overlap(each, new[other])), None)
        if found is not None:
            paired[index] = found
            free.remove(found)
    pairs = [(old[index], new[other]) for index, other in sorted(paired.items())]
    return Difference(
        added=tuple(new[index] for index in free),
        removed=tuple(each for index, each in enumerate(old) if index not in paired),
        shifted=tuple(pair for pair in pairs if _times(pair[0]) != _times(pair[1])),
        same=tuple(pair for pair in pairs if _times(pair[0]) == _times(pair[1])),
    )


def _times(episode: Episode) -> tuple[int, int | None]:
    return episode.opened_at, episode.ended_at


def _overlap(one: Episode, other: Episode) -> bool:
    if one.device_id != other.device_id:
        return False
    return one.opened_at <= _end(other) and other.opened_at <= _end(one)


def _end(episode: Episode) -> int:
    return _FOREVER if episode.ended_at is None else episode.ended_at
