"""Records of the alert topic into rows: pure."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from pipeline.alert_codec import alert_document, decode_output
from pipeline.alerts import AlertEvent, CommandOutcome, DeviceStatus, Output, RuleSuspended
from pipeline.codec import Headers
from pipeline.errors import InvalidInput
from pipeline.journal.records import Record
from sinks.postgres.projection.alert_rows import AlertChanges, AlertEventRow, AlertRow, ShownStatusRow, SuspensionRow

_STATUS = {"raised": "open", "escalated": "open", "unsilenced": "open", "resolved": "resolved", "closed": "closed"}
_STATUS_SHOWN_BY = ("report", "silence", "reading")
_ACKNOWLEDGED = {"acknowledged": True, "unacknowledged": False}


def read_output(headers: Headers, body: bytes | None) -> Output:
    """Decode a record and check the fields that rows are made of; raises UnknownVersion or InvalidInput."""
    output = decode_output(headers, body)
    texts = [output.device_id]
    numbers: list[object] = [output.cause.offset]
    if isinstance(output, RuleSuspended):
        texts += [output.rule_id, output.error]
        numbers.append(output.rule_version)
    elif isinstance(output, CommandOutcome):
        texts += [output.rule_id, output.alert_id]
    elif isinstance(output, DeviceStatus):
        texts.append(output.status)
    else:
        texts.append(output.rule_id)
        numbers.append(output.rule_version)
        texts += [output.rule_name, output.severity, output.message, output.notify, output.unit or ""]
        numbers.append(output.sequence)
        if type(output.context) is not dict:
            raise InvalidInput("undecodable", "the alert's context is no object")
    if {type(text) for text in texts} != {str} or {type(number) for number in numbers} != {int}:
        raise InvalidInput("undecodable", "a field of the alert has the wrong type")
    return output


def rule_versions_named(decoded: Sequence[tuple[Record, Output]]) -> set[tuple[str, int]]:
    """The rule versions that must be projected before these records."""
    return {named for _, output in decoded if (named := rule_version_named(output)) is not None}


def rule_version_named(output: Output) -> tuple[str, int] | None:
    """The rule version that an output speaks of, if it speaks of one."""
    return (output.rule_id, output.rule_version) if isinstance(output, AlertEvent | RuleSuspended) else None


def decide_alerts(decoded: Sequence[tuple[Record, Output]]) -> AlertChanges:
    """The rows of the records, in their order."""
    changes = AlertChanges()
    for record, output in decoded:
        if isinstance(output, RuleSuspended):
            changes.suspensions.append(
                SuspensionRow(
                    output.rule_id, output.rule_version, output.device_id, output.error, output.at, record.offset
                )
            )
        elif isinstance(output, DeviceStatus):
            if output.by in _STATUS_SHOWN_BY:
                changes.statuses.append(
                    ShownStatusRow(output.device_id, output.status, output.at, output.cause.offset, record.offset)
                )
        elif isinstance(output, AlertEvent):
            changes.events.append(_event_row(record, output))
            changes.alerts.append(_alert_row(record, output))
    return changes


def _event_row(record: Record, event: AlertEvent) -> AlertEventRow:
    return AlertEventRow(
        alert_id=event.alert_id,
        sequence=event.sequence,
        transition=event.transition,
        at=event.at,
        body=_json(alert_document(event)),
        partition=record.partition,
        stored_at=record.timestamp,
        offset=record.offset,
    )


def _alert_row(record: Record, event: AlertEvent) -> AlertRow:
    return AlertRow(
        alert_id=event.alert_id,
        sequence=event.sequence,
        status=_STATUS.get(event.transition),
        rule_id=event.rule_id,
        rule_version=event.rule_version,
        rule_name=event.rule_name,
        device_id=event.device_id,
        severity=event.severity,
        message=event.message,
        value=_number(event.value),
        threshold=_number(event.threshold),
        unit=event.unit,
        context=_json(dict(event.context)),
        notify=event.notify,
        acknowledged=_ACKNOWLEDGED.get(event.transition),
        by=_text(event.context.get("by")),
        notes=_text(event.context.get("notes")),
        opened_at=event.opened_at,
        at=event.at,
        received_at=record.timestamp,
        offset=record.offset,
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
