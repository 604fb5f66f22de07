"""Alert records: CloudEvents 1.0 in Kafka's binary content mode (CloudEvents Kafka binding 1.0.2, §3.2).

Attributes are `ce_` headers, the body is JSON with times in RFC 3339 UTC. The same body is what Socket.IO clients
and MQTT subscribers receive.
"""

from __future__ import annotations

from typing import Any, TypeVar, get_args

import msgspec
import orjson

from pipeline.alerts import AlertEvent, Cause, CommandOutcome, DeviceStatus, Output, RuleSuspended, Transition
from pipeline.codec import Encoded, Headers
from pipeline.errors import InvalidInput, UnknownVersion
from pipeline.instants import format_instant, parse_instant

VERSION = 1
ALERT_TYPE = "insa.iiot.alert."
SUSPENDED_TYPE = "insa.iiot.rule.suspended"
OUTCOME_TYPE = "insa.iiot.alert.outcome"
STATUS_TYPE = "insa.iiot.device.status"
SOURCE = "insa-iiot/detect"
_TRANSITIONS = get_args(Transition)


def encode_output(output: Output) -> Encoded:
    """Encode for `iiot.alerts`; equal outputs give equal bytes, so repeats are recognisable as such."""
    if isinstance(output, RuleSuspended):
        kind = SUSPENDED_TYPE
        document = suspension_document(output)
    elif isinstance(output, CommandOutcome):
        kind = OUTCOME_TYPE
        document = outcome_document(output)
    elif isinstance(output, DeviceStatus):
        kind = STATUS_TYPE
        document = status_document(output)
    else:
        kind = ALERT_TYPE + output.transition
        document = alert_document(output)
    headers: Headers = (
        ("ce_specversion", b"1.0"),
        ("ce_id", output_id(output).encode()),
        ("ce_source", SOURCE.encode()),
        ("ce_type", kind.encode()),
        ("ce_subject", output.device_id.encode()),
        ("ce_time", format_instant(output.at).encode()),
        ("content-type", b"application/json"),
        ("v", str(VERSION).encode()),
    )
    return Encoded(headers, orjson.dumps(document))


def output_id(output: Output) -> str:
    """The CloudEvents id: the same for each repeat of an output, different for each output."""
    if isinstance(output, RuleSuspended):
        return f"suspended-{output.cause.partition}-{output.cause.offset}-{output.rule_id}-{output.device_id}"
    if isinstance(output, CommandOutcome):
        return f"outcome-{output.cause.partition}-{output.cause.offset}"
    if isinstance(output, DeviceStatus):
        behind = "-behind" if output.clock_behind else ""
        where = f"{output.cause.partition}-{output.cause.offset}-{output.device_id}"
        return f"status-{where}-{output.at}-{output.by}-{output.status}{behind}"
    return f"{output.alert_id}-{output.sequence}"


def record_id(headers: Headers) -> str | None:
    """The CloudEvents id of a record, without decoding its body; None if it has none."""
    for name, value in headers:
        if name == "ce_id" and value:
            return value.decode(errors="replace")
    return None


def decode_output(headers: Headers, body: bytes | None) -> Output:
    """Decode a record of `iiot.alerts`; raises UnknownVersion or InvalidInput (reason `undecodable`)."""
    given = dict(headers)
    try:
        kind = given["ce_type"].decode()
        version = int(given["v"])
    except (KeyError, ValueError, TypeError, AttributeError):  # Kafka's header values may be null
        raise InvalidInput("undecodable", "the record is no alert: no readable ce_type and v") from None
    if version > VERSION:
        raise UnknownVersion(f"an alert of version {version} was written by a newer release")
    if version < 1:
        raise InvalidInput("undecodable", f"version {version} of an alert does not exist")
    try:
        document = orjson.loads(body or b"")
        if kind == SUSPENDED_TYPE:
            return _load_at(document, RuleSuspended)
        if kind == OUTCOME_TYPE:
            return _load_at(document, CommandOutcome)
        if kind == STATUS_TYPE:
            return _load_at(document, DeviceStatus)
        if kind.removeprefix(ALERT_TYPE) in _TRANSITIONS and kind == ALERT_TYPE + document["transition"]:
            return _load_alert(document)
    except (ValueError, TypeError, KeyError, AttributeError, InvalidInput, msgspec.ValidationError) as error:
        raise InvalidInput("undecodable", f"the body is no {kind[:64]}: {type(error).__name__}") from None
    raise InvalidInput("undecodable", f"the type {kind[:64]!r} is not known")


def alert_document(event: AlertEvent) -> dict[str, Any]:
    """The JSON document of an alert event, as every channel but the webhook carries it."""
    return {
        "alert_id": event.alert_id,
        "sequence": event.sequence,
        "transition": event.transition,
        "rule_id": event.rule_id,
        "rule_version": event.rule_version,
        "rule_name": event.rule_name,
        "device_id": event.device_id,
        "severity": event.severity,
        "message": event.message,
        "value": event.value,
        "threshold": event.threshold,
        "unit": event.unit,
        "context": dict(event.context),
        "opened_at": format_instant(event.opened_at),
        "at": format_instant(event.at),
        "cause": _cause_document(event.cause),
        "evidence": {
            "readings": [
                {
                    "key": r.key,
                    "ts": format_instant(r.ts),
                    "value": r.value,
                    "offset": r.offset,
                    "index": r.index,
                }
                for r in event.evidence.readings
            ],
            "windows": [
                {
                    "key": w.key,
                    "aggregate": w.aggregate,
                    "window_seconds": w.window_seconds,
                    "start": format_instant(w.start),
                    "end": format_instant(w.end),
                    "count": w.count,
                    "value": w.value,
                }
                for w in event.evidence.windows
            ],
            "timers": [
                {"name": t.name, "started_at": format_instant(t.started_at), "seconds": t.seconds}
                for t in event.evidence.timers
            ],
        },
        "notify": event.notify,
        "reason": event.reason,
    }


def suspension_document(event: RuleSuspended) -> dict[str, Any]:
    """The JSON document of a suspended rule."""
    return {
        "rule_id": event.rule_id,
        "rule_version": event.rule_version,
        "device_id": event.device_id,
        "error": event.error,
        "at": format_instant(event.at),
        "cause": _cause_document(event.cause),
    }


def outcome_document(event: CommandOutcome) -> dict[str, Any]:
    """The JSON document of a person's word that made no transition."""
    return {
        "alert_id": event.alert_id,
        "rule_id": event.rule_id,
        "device_id": event.device_id,
        "command": event.command,
        "outcome": event.outcome,
        "reason": event.reason,
        "by": event.by,
        "at": format_instant(event.at),
        "cause": _cause_document(event.cause),
    }


def status_document(event: DeviceStatus) -> dict[str, Any]:
    """The JSON document of a device's status."""
    return {
        "device_id": event.device_id,
        "status": event.status,
        "clock_behind": event.clock_behind,
        "by": event.by,
        "at": format_instant(event.at),
        "cause": _cause_document(event.cause),
    }


def _cause_document(cause: Cause) -> dict[str, Any]:
    return {"topic": cause.topic, "partition": cause.partition, "offset": cause.offset}


T = TypeVar("T")


def _load_at(document: dict[str, Any], cls: type[T]) -> T:
    return msgspec.convert({**document, "at": parse_instant(document["at"])}, cls)


def _load_alert(document: dict[str, Any]) -> AlertEvent:
    evidence = document["evidence"]
    timed = {
        **document,
        "opened_at": parse_instant(document["opened_at"]),
        "at": parse_instant(document["at"]),
        "evidence": {
            "readings": [{**r, "ts": parse_instant(r["ts"])} for r in evidence["readings"]],
            "windows": [
                {**w, "start": parse_instant(w["start"]), "end": parse_instant(w["end"])} for w in evidence["windows"]
            ],
            "timers": [{**t, "started_at": parse_instant(t["started_at"])} for t in evidence.get("timers", ())],
        },
    }
    return msgspec.convert(timed, AlertEvent)
