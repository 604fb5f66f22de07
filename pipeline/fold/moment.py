"""When something is judged: on an entry of a frame, on a status, or on a tick."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pipeline.fold.marks import Mark
from pipeline.fold.state import DeviceState
from pipeline.fold.work import Work
from pipeline.rules.base import STATUS_KEY
from pipeline.rules.verdict import View
from pipeline.windows.series import Last, Series


class Moment(NamedTuple):
    """`at`: what alerts say. `ts`: what conditions are judged at. `mark`: where durations begin and end. `place`: of
    the entry in its frame."""

    device_id: str
    at: int
    ts: int
    mark: Mark
    place: int


def view_of(work: Work, device: DeviceState, moment: Moment, *, with_status: bool) -> View:
    """What conditions see of the device; its status as if it were a key, where rules want it."""
    series: Mapping[str, Series] = device.series
    if with_status and device.status_offset >= 0:
        series = {**series, STATUS_KEY: _status_series(device)}
    return View(series, moment.ts, moment.mark.now, work.ticked, work.journal_time, device.heard)


def _status_series(device: DeviceState) -> Series:
    last = Last(device.status_at, device.status, device.status_offset, 0)
    return Series(device.status_at, device.status_at, b"", last)
