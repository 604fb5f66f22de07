"""Folding a tick: time that passed while the platform listened. It visits only devices with something due."""

from __future__ import annotations

from pipeline.events import Ticked
from pipeline.fold.judging import judge_on_tick
from pipeline.fold.marks import NEVER
from pipeline.fold.moment import Moment
from pipeline.fold.plans import ActiveRule, DevicePlan
from pipeline.fold.presence import look_for_silence
from pipeline.fold.state import BEFORE_ALL, DeviceState, due_devices
from pipeline.fold.transitions import unsilence_alert
from pipeline.fold.work import Work


def fold_tick(work: Work, event: Ticked) -> None:
    """Add up the time since the former tick, at most twice the interval, so that an outage does not count as silence;
    then look at the devices for which it is time, and end silences."""
    former = work.last_tick
    if former is not None:
        work.ticked += max(0, min(work.journal_time - former, 2 * event.interval_ms))
    work.last_tick = work.journal_time
    for device_id in due_devices(work.state, work.ticked):
        known = work.state.devices[device_id]
        if known.due <= work.ticked and not work.is_included(known):
            _look(work, device_id)
    since = -1 if former is None else former
    if work.state.muted and any(
        item.silence is not None and since < item.silence.ends_at <= work.journal_time
        for item in work.registry.silences.values()
    ):
        end_silences(work)


def end_silences(work: Work) -> None:
    """Say of each muted alert that no silence covers any more that it is unsilenced."""
    for device_id in sorted(work.state.muted):
        known = work.devices.get(device_id) or work.state.devices[device_id]
        if device_id not in work.devices and work.is_included(known):
            continue
        for rule_id in sorted(rule_id for rule_id, alert in known.alerts.items() if alert.muted):
            unsilence_alert(work, device_id, rule_id)


def _look(work: Work, device_id: str) -> None:
    device = work.touch(device_id)
    device.due = NEVER
    if not work.is_judged(device):
        return
    time = work.time_of(device)
    was_read = device.now != BEFORE_ALL
    ts = device.last_ts if was_read else work.journal_time
    passed = work.ticked - device.last_ticked if was_read else 0
    moment = Moment(device_id, work.journal_time, ts, time, 0, is_tick=True, passed=passed)
    look_for_silence(work, device, moment)
    plan = work.registry.plans.of_device(device_id, device.definition)
    judge_on_tick(work, device, plan, _waiting(work, device_id, device, plan), moment)


def _waiting(work: Work, device_id: str, device: DeviceState, plan: DevicePlan) -> list[ActiveRule]:
    """The rules that time may move: those that wait for something, have an alert open, or depend on time alone."""
    found = {rule.rule_id: rule for rule in plan.timed}
    for rule_id in (*device.watches, *device.alerts):
        rule = work.registry.plans.rules.get(rule_id)
        if rule is not None and not rule.is_plain and rule.concerns(device_id, device.definition):
            found[rule_id] = rule
    return [found[rule_id] for rule_id in sorted(found)]
