"""The transitions of alerts: the device's alerts, and the events that say so."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from msgspec.structs import replace

from pipeline.alerts import AlertEvent, Evidence, Notify, ReadingEvidence, TimerEvidence, Transition
from pipeline.events import Device, Scalar
from pipeline.fold.moment import Moment
from pipeline.fold.notifying import is_silenced, mark_later, mark_raised
from pipeline.fold.plans import ActiveRule
from pipeline.fold.state import DeviceState, EndedAlert, OpenAlert
from pipeline.fold.work import Work
from pipeline.identifiers import alert_id
from pipeline.rules.base import Severity
from pipeline.rules.verdict import Verdict, View

Reason: TypeAlias = Literal[
    "rule_changed", "rule_disabled", "rule_removed", "device_removed", "device_inactive", "device_changed"
]
"""Why an alert resolves without a reading that says so."""

_SAYINGS: Mapping[Reason, str] = {
    "rule_changed": "the rule was changed",
    "rule_disabled": "the rule was disabled",
    "rule_removed": "the rule was removed",
    "device_removed": "the device was removed",
    "device_inactive": "the device was made inactive",
    "device_changed": "the rule is no longer for the device",
}
_MOST_READINGS = 50
_KEPT_ENDED = 16
UNACKNOWLEDGE_MS = 10_000


def raise_alert(
    work: Work,
    device: DeviceState,
    rule: ActiveRule,
    moment: Moment,
    view: View,
    verdict: Verdict,
    severity: Severity | None = None,
    timers: tuple[TimerEvidence, ...] = (),
) -> None:
    """Open an alert, with the rule's severity unless another is given."""
    opened_by = f"{moment.at}:{work.state.partition}:{work.offset}:{moment.place}"
    name = str(alert_id(rule.rule_id, rule.version, moment.device_id, opened_by))
    severity = severity or rule.rule.effective_severity
    notify = mark_raised(work, moment.device_id, device, rule.rule_id, severity, moment.place)
    opened = OpenAlert(
        name,
        1,
        rule.version,
        rule.rule.name,
        severity,
        moment.at,
        moment.mark,
        _message(device, rule, verdict),
        notify,
        notify == "silenced",
    )
    device.alerts = {**device.alerts, rule.rule_id: opened}
    work.outputs.append(_judged(work, device, rule, moment, view, verdict, opened, "raised", notify, "", timers))


def escalate_alert(
    work: Work,
    device: DeviceState,
    rule: ActiveRule,
    moment: Moment,
    view: View,
    verdict: Verdict | None,
    severity: Severity,
    timers: tuple[TimerEvidence, ...] = (),
) -> None:
    """Give an open alert a higher severity; without a verdict because of the time that has passed."""
    known = device.alerts[rule.rule_id]
    worse = replace(known, sequence=known.sequence + 1, severity=severity)
    notify = mark_later(work, moment.device_id, device, rule.rule_id, worse, "worse")
    worse = replace(
        worse,
        notify=notify,
        muted=notify == "silenced",
        message=worse.message if verdict is None else _message(device, rule, verdict),
    )
    device.alerts = {**device.alerts, rule.rule_id: worse}
    reason = "value" if verdict is not None else "after_seconds"
    if verdict is None:
        event = _spoken(work, moment.device_id, device, rule.rule_id, worse, "escalated", moment.at, notify, reason)
        work.outputs.append(_with_timers(event, timers))
    else:
        work.outputs.append(
            _judged(work, device, rule, moment, view, verdict, worse, "escalated", notify, reason, timers)
        )


def clear_alert(
    work: Work,
    device: DeviceState,
    rule: ActiveRule,
    moment: Moment,
    view: View,
    verdict: Verdict | None,
    timers: tuple[TimerEvidence, ...] = (),
) -> None:
    """Resolve the rule's open alert because it is clear."""
    known = device.alerts[rule.rule_id]
    ended = replace(known, sequence=known.sequence + 1)
    notify = mark_later(work, moment.device_id, device, rule.rule_id, ended, "else")
    _end(work, device, rule.rule_id, ended, "resolved")
    if verdict is None:
        reason = "condition_cleared"
        event = _spoken(work, moment.device_id, device, rule.rule_id, ended, "resolved", moment.at, notify, reason)
        work.outputs.append(_with_timers(event, timers))
    else:
        work.outputs.append(
            _judged(work, device, rule, moment, view, verdict, ended, "resolved", notify, "condition_cleared", timers)
        )


def end_alert(work: Work, device_id: str, rule_id: str, reason: Reason) -> None:
    """Resolve an open alert, at journal time, because its rule or device is no longer what it was."""
    device = work.touch(device_id)
    known = device.alerts[rule_id]
    ended = replace(known, sequence=known.sequence + 1)
    notify = mark_later(work, device_id, device, rule_id, ended, "else")
    _end(work, device, rule_id, ended, "resolved")
    said = replace(ended, message=f"{ended.rule_name}: {_SAYINGS[reason]}")
    work.outputs.append(_spoken(work, device_id, device, rule_id, said, "resolved", work.journal_time, notify, reason))


def unsilence_alert(work: Work, device_id: str, rule_id: str) -> None:
    """Say that the last silence over an open alert has ended; nothing if somebody acknowledged it meanwhile."""
    device = work.touch(device_id)
    known = device.alerts[rule_id]
    if is_silenced(work, device_id, device, rule_id, known.severity):
        return
    if known.acknowledged_at is not None:
        device.alerts = {**device.alerts, rule_id: replace(known, muted=False)}
        return
    alert = replace(known, sequence=known.sequence + 1, muted=False, notify="yes")
    device.alerts = {**device.alerts, rule_id: alert}
    work.outputs.append(
        _spoken(work, device_id, device, rule_id, alert, "unsilenced", work.journal_time, "yes", "silence_ended")
    )


def speak(
    work: Work,
    device_id: str,
    rule_id: str,
    alert: OpenAlert,
    transition: Transition,
    by: str,
    notes: str,
) -> None:
    """Say a person's word on an alert, at journal time; `alert` is what it has become."""
    device = work.touch(device_id)
    notify = mark_later(work, device_id, device, rule_id, alert, "else")
    context: dict[str, Scalar | None] = {"by": by}
    if notes:
        context["notes"] = notes
    work.outputs.append(
        _spoken(work, device_id, device, rule_id, alert, transition, work.journal_time, notify, "by_hand", context)
    )


def keep_ended(work: Work, device: DeviceState, ended: EndedAlert) -> None:
    """Keep an ended alert for people's words on it, in place of its former state; the device's newest 16 are kept,
    those that nobody acknowledged before the others."""
    others = [it for it in device.ended if it.alert.alert_id != ended.alert.alert_id]
    while len(others) >= _KEPT_ENDED:
        settled = next((it for it in others if _is_settled(it, work.journal_time)), others[0])
        others.remove(settled)
    device.ended = (*others, ended)


def _is_settled(ended: EndedAlert, journal_time: int) -> bool:
    acknowledged = ended.alert.acknowledged_at
    return ended.status == "closed" or (acknowledged is not None and acknowledged + UNACKNOWLEDGE_MS < journal_time)


def _end(
    work: Work, device: DeviceState, rule_id: str, ended: OpenAlert, status: Literal["resolved", "closed"]
) -> None:
    device.alerts = {key: alert for key, alert in device.alerts.items() if key != rule_id}
    keep_ended(work, device, EndedAlert(rule_id, ended, status))


def _spoken(
    work: Work,
    device_id: str,
    device: DeviceState,
    rule_id: str,
    alert: OpenAlert,
    transition: Transition,
    at: int,
    notify: Notify,
    reason: str,
    context: Mapping[str, Scalar | None] | None = None,
) -> AlertEvent:
    """The event of a transition that no reading decided."""
    return AlertEvent(
        alert_id=alert.alert_id,
        sequence=alert.sequence,
        transition=transition,
        rule_id=rule_id,
        rule_version=alert.rule_version,
        rule_name=alert.rule_name,
        device_id=device_id,
        severity=alert.severity,
        message=alert.message,
        value=None,
        threshold=None,
        unit=None,
        context={"device_location": _location(device.definition), **(context or {})},
        opened_at=alert.opened_at,
        at=at,
        cause=work.cause,
        notify=notify,
        reason=reason,
    )


def _with_timers(event: AlertEvent, timers: tuple[TimerEvidence, ...]) -> AlertEvent:
    return dataclasses.replace(event, evidence=Evidence(timers=timers)) if timers else event


def _judged(
    work: Work,
    device: DeviceState,
    rule: ActiveRule,
    moment: Moment,
    view: View,
    verdict: Verdict,
    alert: OpenAlert,
    transition: Transition,
    notify: Notify,
    reason: str,
    timers: tuple[TimerEvidence, ...],
) -> AlertEvent:
    definition = device.definition
    conditions = rule.conditions
    named = dict.fromkeys((*rule.kind.keys(conditions), *rule.awaited))
    keys = [key for key in named if key and key in view.series][:_MOST_READINGS]
    context: dict[str, Scalar | None] = {f"current_{key}": view.series[key].last.value for key in keys}
    context["threshold"] = verdict.threshold
    context["device_location"] = _location(definition)
    last = [(key, view.series[key].last) for key in keys]
    main = getattr(conditions, "key", None)
    return AlertEvent(
        alert_id=alert.alert_id,
        sequence=alert.sequence,
        transition=transition,
        rule_id=rule.rule_id,
        rule_version=alert.rule_version,
        rule_name=alert.rule_name,
        device_id=moment.device_id,
        severity=alert.severity,
        message=_message(device, rule, verdict),
        value=verdict.value,
        threshold=verdict.threshold,
        unit=_unit(definition, main) if main is not None else None,
        context=context,
        opened_at=alert.opened_at,
        at=moment.at,
        cause=work.cause,
        evidence=Evidence(
            tuple([ReadingEvidence(key, known.ts, known.value, known.offset, known.index) for key, known in last]),
            rule.kind.windows(conditions, verdict, moment.ts),
            timers,
        ),
        notify=notify,
        reason=reason,
    )


def _message(device: DeviceState, rule: ActiveRule, verdict: Verdict) -> str:
    definition = device.definition

    def unit_of(key: str) -> str | None:
        return _unit(definition, key)

    return rule.kind.words(rule.conditions, verdict, unit_of)


def _location(definition: Device | None) -> str | None:
    return definition.location if definition is not None else None


def _unit(definition: Device | None, key: str) -> str | None:
    """`metadata.keys.<key>.unit`, where the device's metadata has such a thing."""
    found: Any = definition.metadata if definition is not None else None
    for name in ("keys", key, "unit"):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) else None
