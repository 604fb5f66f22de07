"""When time may pass. Pure: the caller brings the clock.

Ticks let absence and durations pass, so they must not overtake readings that still wait in the broker. Before each,
the bridge sends a marker to itself through the broker. It comes back behind everything the broker had queued for the
bridge; once all of that is in the journal, one tick follows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Marker:
    epoch: int
    nonce: bytes


class MarkerSchedule:
    """Decides when a marker is due and whether one that came back is the one sent. At most one is under way."""

    def __init__(self, interval_seconds: float, make_nonce: Callable[[], bytes]) -> None:
        self._interval = interval_seconds
        self._make_nonce = make_nonce
        self._under_way: _Marker | None = None
        self._not_before = float("-inf")

    def due(self, now: float, epoch: int | None) -> bytes | None:
        """The payload of a marker to send now; `epoch` is the connection's, None while there is none."""
        if epoch is None:
            self._under_way = None
            return None
        if now < self._not_before or (self._under_way is not None and self._under_way.epoch == epoch):
            return None
        self._under_way = _Marker(epoch, self._make_nonce())
        return self._under_way.nonce

    def came_back(self, epoch: int, payload: bytes) -> bool:
        """Tell whether a marker that came back is the one under way."""
        return self._under_way == _Marker(epoch, payload)

    def ticked(self, now: float) -> None:
        """Note that the tick of the marker under way was written: the next one is due an interval later."""
        self._under_way = None
        self._not_before = now + self._interval
