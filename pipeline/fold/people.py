"""People's words on alerts. Each gets exactly one outcome: a transition, `unchanged`, or `refused` with a reason."""

from __future__ import annotations

from typing import Literal, NamedTuple

from msgspec.structs import replace

from pipeline.alerts import Command, CommandOutcome
from pipeline.events import AlertAcknowledged, AlertClosed, AlertNoted, AlertUnacknowledged
from pipeline.fold.state import DeviceState, EndedAlert, OpenAlert
from pipeline.fold.transitions import UNACKNOWLEDGE_MS, keep_ended, speak
from pipeline.fold.weighing import start_cooling
from pipeline.fold.work import Work

_Word = AlertAcknowledged | AlertUnacknowledged | AlertNoted | AlertClosed


def acknowledge(work: Work, event: AlertAcknowledged) -> None:
    """Somebody has seen the alert; whether it is open or resolved makes no difference."""
    found = _find(work, event, "acknowledge")
    if found is None:
        return
    if found.status == "closed":
        _answer(work, event, "acknowledge", "alert_closed")
    elif found.alert.acknowledged_at is not None:
        _answer(work, event, "acknowledge", "")
    else:
        alert = replace(found.alert, sequence=found.alert.sequence + 1, acknowledged_at=work.journal_time)
        _store(work, event, found.status, alert)
        speak(work, event.device_id, event.rule_id, alert, "acknowledged", event.by, event.notes)


def unacknowledge(work: Work, event: AlertUnacknowledged) -> None:
    """Take an acknowledgement back, within ten seconds."""
    found = _find(work, event, "unacknowledge")
    if found is None:
        return
    if found.status == "closed":
        _answer(work, event, "unacknowledge", "alert_closed")
    elif found.alert.acknowledged_at is None:
        _answer(work, event, "unacknowledge", "")
    elif work.journal_time - found.alert.acknowledged_at > UNACKNOWLEDGE_MS:
        _answer(work, event, "unacknowledge", "too_late")
    else:
        alert = replace(found.alert, sequence=found.alert.sequence + 1, acknowledged_at=None)
        _store(work, event, found.status, alert)
        speak(work, event.device_id, event.rule_id, alert, "unacknowledged", event.by, event.notes)
        work.touch(event.device_id).wake(work.ticked + 1)  # durations that an acknowledgement stopped go on


def note(work: Work, event: AlertNoted) -> None:
    """Write a note to an alert, in whatever state it is."""
    found = _find(work, event, "note")
    if found is None:
        return
    if not event.notes:
        _answer(work, event, "note", "no_notes")
        return
    alert = replace(found.alert, sequence=found.alert.sequence + 1)
    _store(work, event, found.status, alert)
    speak(work, event.device_id, event.rule_id, alert, "noted", event.by, event.notes)


def close(work: Work, event: AlertClosed) -> None:
    """Close an alert by hand. Its rule opens no other until its condition was seen not to hold."""
    found = _find(work, event, "close")
    if found is None:
        return
    if found.status == "closed":
        _answer(work, event, "close", "")
        return
    device = work.touch(event.device_id)
    alert = replace(found.alert, sequence=found.alert.sequence + 1)
    if found.status == "open":
        device.alerts = {key: it for key, it in device.alerts.items() if key != event.rule_id}
        rule = work.registry.plans.rules.get(event.rule_id)
        start_cooling(device, rule, event.rule_id, work.time_of(device), closed=True)
    keep_ended(work, device, EndedAlert(event.rule_id, alert, "closed"))
    speak(work, event.device_id, event.rule_id, alert, "closed", event.by, event.notes)


class _Found(NamedTuple):
    alert: OpenAlert
    status: Literal["open", "resolved", "closed"]


def _find(work: Work, event: _Word, command: Command) -> _Found | None:
    """The alert, open or kept; says so if there is none. None as well if the device's state includes the record."""
    device: DeviceState | None = work.state.devices.get(event.device_id)
    if work.is_included(device):
        return None
    if device is not None:
        opened = device.alerts.get(event.rule_id)
        if opened is not None and opened.alert_id == event.alert_id:
            return _Found(opened, "open")
        for ended in device.ended:
            if ended.alert.alert_id == event.alert_id and ended.rule_id == event.rule_id:
                return _Found(ended.alert, ended.status)
    _answer(work, event, command, "unknown_alert")
    return None


def _store(work: Work, event: _Word, status: str, alert: OpenAlert) -> None:
    device = work.touch(event.device_id)
    if status == "open":
        device.alerts = {**device.alerts, event.rule_id: alert}
    else:
        device.ended = tuple(
            [replace(it, alert=alert) if it.alert.alert_id == alert.alert_id else it for it in device.ended]
        )


def _answer(work: Work, event: _Word, command: Command, refusal: str) -> None:
    """Say that nothing changed, or, with a reason, that it was refused."""
    work.outputs.append(
        CommandOutcome(
            event.alert_id,
            event.rule_id,
            event.device_id,
            command,
            "refused" if refusal else "unchanged",
            refusal,
            event.by,
            work.journal_time,
            work.cause,
        )
    )
