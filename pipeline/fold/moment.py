"""When something is judged: on an entry of a frame, on a status, or on a tick."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pipeline.fold.marks import Mark
from pipeline.fold.state import BEFORE_ALL, DeviceState
from pipeline.fold.work import Work
from pipeline.rules.base import STATUS_KEY
from pipeline.rules.verdict import View
from pipeline.windows.series import Last, Series


class Moment(NamedTuple):
    """`at`: what alerts say. `ts`: what conditions are judged at. `mark`: where durations begin. `place`: of the entry
    in its frame. `is_tick`: no reading came that could say how much time has passed by the device's clock;
    `passed`: how much has by ticks since the last one."""

    device_id: str
    at: int
    ts: int
    mark: Mark
    place: int
    is_tick: bool = False
    passed: int = 0

    @property
    def wall(self) -> int:
        """What the device's clock shows."""
        return self.ts + self.passed

    @property
    def until(self) -> Mark:
        """Up to where durations have passed."""
        return Mark(BEFORE_ALL, self.mark.ticked) if self.is_tick else self.mark


def view_of(work: Work, device: DeviceState, moment: Moment, *, with_status: bool) -> View:
    """What conditions see of the device; its status as if it were a key, where rules want it."""
    series: Mapping[str, Series] = device.series
    if with_status and device.status_offset >= 0:
        series = {**series, STATUS_KEY: _status_series(device)}
    return View(series, moment.ts, moment.wall, moment.until.now, work.ticked, work.journal_time, device.heard)


def _status_series(device: DeviceState) -> Series:
    last = Last(device.status_at, device.status, device.status_offset, 0)
    return Series(device.status_at, device.status_at, b"", last)
