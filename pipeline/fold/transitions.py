"""Opening and resolving alerts: the device's open alerts, and the events that say so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from pipeline.alerts import AlertEvent, Evidence, ReadingEvidence
from pipeline.events import Device, Reading, Scalar
from pipeline.fold.plans import ActiveRule
from pipeline.fold.state import DeviceState, OpenAlert
from pipeline.fold.work import Work
from pipeline.identifiers import alert_id
from pipeline.rules.verdict import Verdict

Reason: TypeAlias = Literal["rule_changed", "rule_disabled", "rule_removed", "device_removed", "device_inactive"]
"""Why an alert resolves without a reading that says so."""

_SAYINGS: Mapping[Reason, str] = {
    "rule_changed": "the rule was changed",
    "rule_disabled": "the rule was disabled",
    "rule_removed": "the rule was removed",
    "device_removed": "the device was removed",
    "device_inactive": "the device was made inactive",
}


def raise_alert(
    work: Work, device: DeviceState, rule: ActiveRule, entry: Reading, index: int, verdict: Verdict
) -> None:
    """Open an alert on the entry at this place of its frame."""
    opened_by = f"{entry.ts}:{work.state.partition}:{work.offset}:{index}"
    opened = OpenAlert(
        str(alert_id(rule.rule_id, rule.version, entry.device_id, opened_by)),
        1,
        rule.version,
        rule.rule.name,
        rule.rule.effective_severity,
        entry.ts,
    )
    event = _judged(work, device, rule, entry, verdict, opened, "")
    device.alerts = {**device.alerts, rule.rule_id: opened}
    work.outputs.append(event)


def clear_alert(work: Work, device: DeviceState, rule: ActiveRule, entry: Reading, verdict: Verdict) -> None:
    """Resolve the rule's open alert because its condition no longer holds."""
    opened = device.alerts[rule.rule_id]
    event = _judged(work, device, rule, entry, verdict, opened, "condition_cleared")
    device.alerts = _without(device.alerts, rule.rule_id)
    work.outputs.append(event)


def end_alert(work: Work, device_id: str, rule_id: str, reason: Reason) -> None:
    """Resolve an open alert, at journal time, because its rule or device is no longer what it was."""
    device = work.touch(device_id)
    opened = device.alerts[rule_id]
    device.alerts = _without(device.alerts, rule_id)
    work.outputs.append(
        AlertEvent(
            alert_id=opened.alert_id,
            sequence=opened.sequence + 1,
            transition="resolved",
            rule_id=rule_id,
            rule_version=opened.rule_version,
            rule_name=opened.rule_name,
            device_id=device_id,
            severity=opened.severity,
            message=f"{opened.rule_name}: {_SAYINGS[reason]}",
            value=None,
            threshold=None,
            unit=None,
            context={"device_location": _location(device.definition)},
            opened_at=opened.opened_at,
            at=work.journal_time,
            cause=work.cause,
            reason=reason,
        )
    )


def _judged(
    work: Work,
    device: DeviceState,
    rule: ActiveRule,
    entry: Reading,
    verdict: Verdict,
    opened: OpenAlert,
    reason: Literal["", "condition_cleared"],
) -> AlertEvent:
    definition = device.definition

    def unit_of(key: str) -> str | None:
        return _unit(definition, key)

    raised = not reason
    conditions = rule.conditions
    keys = [key for key in rule.kind.keys(conditions) if key in device.series]
    context: dict[str, Scalar | None] = {f"current_{key}": device.series[key].last.value for key in keys}
    context["threshold"] = verdict.threshold
    context["device_location"] = _location(definition)
    left, right = rule.kind.sides(conditions, verdict, unit_of)
    return AlertEvent(
        alert_id=opened.alert_id,
        sequence=1 if raised else opened.sequence + 1,
        transition="raised" if raised else "resolved",
        rule_id=rule.rule_id,
        rule_version=opened.rule_version,
        rule_name=opened.rule_name,
        device_id=entry.device_id,
        severity=opened.severity,
        message=f"{left}{'' if raised else ', no longer'} {conditions.operator} {right}",
        value=verdict.value,
        threshold=verdict.threshold,
        unit=_unit(definition, conditions.key),
        context=context,
        opened_at=opened.opened_at,
        at=entry.ts,
        cause=work.cause,
        evidence=_evidence(device, keys, rule, entry.ts, verdict),
        reason=reason,
    )


def _evidence(device: DeviceState, keys: list[str], rule: ActiveRule, ts: int, verdict: Verdict) -> Evidence:
    last = [(key, device.series[key].last) for key in keys]
    return Evidence(
        tuple([ReadingEvidence(key, known.ts, known.value, known.offset, known.index) for key, known in last]),
        rule.kind.windows(rule.conditions, verdict, ts),
    )


def _without(alerts: dict[str, OpenAlert], rule_id: str) -> dict[str, OpenAlert]:
    return {key: alert for key, alert in alerts.items() if key != rule_id}


def _location(definition: Device | None) -> str | None:
    return definition.location if definition is not None else None


def _unit(definition: Device | None, key: str) -> str | None:
    """`metadata.keys.<key>.unit`, where the device's metadata has such a thing."""
    found: Any = definition.metadata if definition is not None else None
    for name in ("keys", key, "unit"):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) else None
