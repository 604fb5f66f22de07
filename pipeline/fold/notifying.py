"""Whether a transition is told to people: silences and storms only mark it, it is recorded all the same."""

from __future__ import annotations

from typing import Literal

from pipeline.alerts import Notify
from pipeline.events import Silence
from pipeline.fold.state import DeviceState, OpenAlert, Told
from pipeline.fold.work import Work
from pipeline.rules.base import Severity

_KEPT = 32
_KEPT_MS = 3_600_000


def is_silenced(work: Work, device_id: str, device: DeviceState, rule_id: str, severity: Severity) -> bool:
    """Whether a silence covers such an alert at journal time."""
    return any(
        _covers(item.silence, work.journal_time, device_id, device, rule_id, severity)
        for item in work.registry.silences.values()
        if item.silence is not None
    )


def mark_raised(
    work: Work, device_id: str, device: DeviceState, rule_id: str, severity: Severity, place: int
) -> Notify:
    """The mark of an alert that opens. One that notifies is counted: within a minute of the journal's time a rule may
    notify so often in a partition, the rest is `digest`."""
    if is_silenced(work, device_id, device, rule_id, severity):
        return "silenced"
    minute = work.journal_time // 60_000
    here = (work.offset, place, device_id)
    told = sum(1 for it in work.state.storms.get((rule_id, minute), ()) if it < here) + sum(
        1 for other in work.told if other == rule_id
    )
    if told >= work.registry.policy.policy.notify_per_minute:
        return "digest"
    work.told.append(rule_id)
    kept = [it for it in device.told[1 - _KEPT :] if it.journal_time > work.journal_time - _KEPT_MS]
    device.told = (*kept, Told(rule_id, work.offset, place, work.journal_time))
    return "yes"


def mark_later(
    work: Work, device_id: str, device: DeviceState, rule_id: str, alert: OpenAlert, about: Literal["worse", "else"]
) -> Notify:
    """The mark of a later transition. What got worse is told even if the opening was not, anything else only then."""
    if is_silenced(work, device_id, device, rule_id, alert.severity):
        return "silenced"
    if about == "worse":
        return "yes"
    if alert.muted:
        return "silenced"
    return "digest" if alert.notify == "digest" else "yes"


def _covers(silence: Silence, at: int, device_id: str, device: DeviceState, rule_id: str, severity: Severity) -> bool:
    return (
        silence.starts_at <= at < silence.ends_at
        and silence.device_id in (None, device_id)
        and silence.rule_id in (None, rule_id)
        and silence.severity in (None, severity)
        and (silence.selector is None or silence.selector.chooses(device.definition))
    )
