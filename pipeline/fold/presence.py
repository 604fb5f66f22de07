"""Whether devices are online, and whether their clocks are behind."""

from __future__ import annotations

from typing import Literal

from pipeline.alerts import DeviceStatus
from pipeline.events import DeviceClockReset, StatusReported
from pipeline.fold.judging import judge_rules
from pipeline.fold.marks import Mark
from pipeline.fold.moment import Moment
from pipeline.fold.plans import DevicePlan
from pipeline.fold.state import BEFORE_ALL, DeviceState
from pipeline.fold.work import Work
from pipeline.rules.base import STATUS_KEY

ONLINE, OFFLINE, UNKNOWN = "online", "offline", "unknown"
_BEHIND_MS = 60_000


def report_status(work: Work, event: StatusReported) -> None:
    """A device, or the broker in its name, said how it is."""
    known = work.state.devices.get(event.device_id)
    if work.is_included(known) or not work.is_judged(known):
        return
    device = work.touch(event.device_id)
    now = min(event.ts, work.journal_time)
    moment = Moment(event.device_id, event.ts, event.ts, Mark(now, work.ticked), 0)
    _was_heard(work, device)
    if event.status != device.status:
        _change(work, device, moment, event.status, "report")


def hear_of(work: Work, device: DeviceState, moment: Moment) -> None:
    """A reading came, in order or not: a silent device is back."""
    _was_heard(work, device)
    if device.status == UNKNOWN:
        _set(work, device, ONLINE)  # its first reading says as much to everybody
    elif device.status == OFFLINE:
        _change(work, device, moment, ONLINE, "reading")


def look_for_silence(work: Work, device: DeviceState, moment: Moment) -> None:
    """On a tick: a device that was silent for too long is offline."""
    limit = work.registry.policy.policy.offline_after_ms
    if not limit or device.status in (OFFLINE, UNKNOWN):
        return
    due = device.heard_ticked + limit
    if work.ticked >= due:
        _change(work, device, moment, OFFLINE, "silence")
    else:
        device.wake(due)


def watch_clock(work: Work, device: DeviceState, moment: Moment, *, all_too_late: bool) -> None:
    """Notice a device of which for a minute nothing came but what is too late, and that it is over."""
    if not all_too_late:
        device.behind_since = None
        if device.is_behind:
            device.is_behind = False
            _say(work, device, moment, "clock")
    elif device.behind_since is None:
        device.behind_since = work.journal_time
    elif not device.is_behind and work.journal_time - device.behind_since >= _BEHIND_MS:
        device.is_behind = True
        _say(work, device, moment, "clock")


def reset_clock(work: Work, event: DeviceClockReset) -> None:
    """Forgive a clock that was put back: every series goes on from whatever comes next; its windows begin anew."""
    known = work.state.devices.get(event.device_id)
    if known is None or work.is_included(known):
        return
    device = work.touch(event.device_id)
    for key, series in device.series.items():
        device.series[key] = type(series)(BEFORE_ALL, BEFORE_ALL, b"", series.last)
    moment = Moment(event.device_id, work.journal_time, work.journal_time, Mark(work.journal_time, work.ticked), 0)
    watch_clock(work, device, moment, all_too_late=False)


def _was_heard(work: Work, device: DeviceState) -> None:
    device.heard_ticked = work.ticked
    limit = work.registry.policy.policy.offline_after_ms
    if limit:
        device.wake(work.ticked + limit)


def _set(work: Work, device: DeviceState, status: str) -> None:
    device.status, device.status_at, device.status_offset = status, work.journal_time, work.offset


def _change(
    work: Work, device: DeviceState, moment: Moment, status: str, by: Literal["report", "reading", "silence"]
) -> None:
    _set(work, device, status)
    _say(work, device, moment, by)
    plan: DevicePlan = work.registry.plans.of_device(moment.device_id, device.definition)
    concerned = plan.key(STATUS_KEY)
    if concerned is not None:
        judge_rules(work, device, plan, concerned.rules, moment)


def _say(work: Work, device: DeviceState, moment: Moment, by: Literal["report", "reading", "silence", "clock"]) -> None:
    said = DeviceStatus(moment.device_id, device.status, device.is_behind, by, moment.at, work.cause)
    work.outputs.append(said)
