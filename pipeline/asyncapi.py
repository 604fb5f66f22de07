"""The AsyncAPI 3.0 document of every Kafka topic, made of the code that reads and writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from pydantic import TypeAdapter

from pipeline import events
from pipeline.alert_codec import ALERT_TYPE, OUTCOME_TYPE, STATUS_TYPE, SUSPENDED_TYPE
from pipeline.alerts import AlertEvent, CommandOutcome, DeviceStatus, RuleSuspended, Transition
from pipeline.codec import EVENT_CLASSES
from pipeline.topics import ALERTS, COMMANDS, EVENTS, META, QUARANTINE, SNAPSHOTS, TOPICS, Topic

_INSTANTS = {"ts", "at", "opened_at", "starts_at", "ends_at", "start", "end", "started_at"}
_READINGS: dict[str, Any] = {
    "type": "array",
    "description": "Entries [device_id, ts, {key: value}], ts in milliseconds since the epoch.",
    "items": {
        "type": "array",
        "prefixItems": [
            {"type": "string"},
            {"type": "integer"},
            {"type": "object", "additionalProperties": {"type": ["number", "boolean", "string"]}},
        ],
        "minItems": 3,
        "maxItems": 3,
    },
}


def asyncapi_document(version: str) -> dict[str, Any]:
    """The document for this release of the platform."""
    messages = {**_journal_messages(), **_alert_messages(), **_plain_messages()}
    by_topic = {
        EVENTS.name: sorted(_journal_messages()),
        ALERTS.name: sorted(_alert_messages()),
        QUARANTINE.name: ["quarantined"],
        COMMANDS.name: ["device_command"],
        META.name: ["journal_identity"],
        SNAPSHOTS.name: ["snapshot_piece"],
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "INSA IIoT platform: topics in Kafka",
            "version": version,
            "description": "The journal (iiot.events) is the truth; everything else follows from it.",
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic, by_topic[topic.name]) for topic in TOPICS},
        "operations": {
            "followAlerts": {
                "action": "send",
                "channel": {"$ref": _ref("channels", ALERTS.name)},
                "summary": "Any consumer may read alert events; apply one only if its sequence is above the last seen.",
            }
        },
        "components": {"messages": messages, "schemas": _schemas()},
    }


def _channel(topic: Topic, messages: list[str]) -> dict[str, Any]:
    spread = "as many as the journal" if topic.spread == "journal" else "1"
    return {
        "address": topic.name,
        "description": topic.purpose,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {"kafka": {"topicConfiguration": dict(topic.config)}},
        "x-partitions": spread,
    }


def _ref(*parts: str) -> str:
    return "#/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in parts)


def _journal_messages() -> dict[str, Any]:
    made = {}
    for name, (kind, version) in EVENT_CLASSES.items():
        headers = {"type": {"const": name}, "v": {"const": str(version)}}
        made[name] = _message(name, (kind.__doc__ or "").strip().partition("\n")[0], headers, _payload(kind))
    return made


def _alert_messages() -> dict[str, Any]:
    kinds = {f"{ALERT_TYPE}{transition}": AlertEvent for transition in get_args(Transition)}
    others = {SUSPENDED_TYPE: RuleSuspended, OUTCOME_TYPE: CommandOutcome, STATUS_TYPE: DeviceStatus}
    made: dict[str, Any] = {}
    for kind, cls in {**kinds, **others}.items():
        headers = {"ce_specversion": {"const": "1.0"}, "ce_type": {"const": kind}, "ce_id": {"type": "string"}}
        made[kind] = _message(kind, "CloudEvents 1.0, binary mode.", headers, _payload(cls))
    return made


def _plain_messages() -> dict[str, Any]:
    anything = {"description": "The raw bytes as they came."}
    return {
        "quarantined": _message(
            "quarantined",
            "What could not be understood.",
            {name: {"type": "string"} for name in ("v", "reason", "message", "by", "source", "received_at", "index")},
            anything,
            content_type="application/octet-stream",
        ),
        "device_command": _message("device_command", "A command to a device.", {}, {"type": "object"}),
        "journal_identity": _message(
            "journal_identity",
            "The journal's id and partition count; the first record under its key counts.",
            {},
            {"type": "object", "required": ["journal_id", "partitions"]},
        ),
        "snapshot_piece": _message(
            "snapshot_piece",
            "Detection's own state; its format may change with any release.",
            {},
            {"description": "MessagePack"},
            content_type="application/msgpack",
        ),
    }


def _message(
    name: str, summary: str, headers: dict[str, Any], payload: dict[str, Any], *, content_type: str = "application/json"
) -> dict[str, Any]:
    return {
        "name": name,
        "summary": summary,
        "contentType": content_type,
        "headers": {"type": "object", "properties": headers},
        "payload": payload,
    }


def _payload(cls: type) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{cls.__name__}"}


def _schemas() -> dict[str, Any]:
    """The JSON Schemas of all payloads and of what they hold, by class name."""
    journal = [cls for cls, _ in EVENT_CLASSES.values() if cls is not events.Readings]
    schemas = {
        **_definitions(journal),
        **_mark_instants(_definitions([AlertEvent, RuleSuspended, CommandOutcome, DeviceStatus]), as_text=True),
    }
    return {"Readings": _READINGS, **dict(sorted(_mark_instants(schemas, as_text=False).items()))}


def _definitions(classes: Sequence[type]) -> dict[str, Any]:
    adapters: list[Any] = [(cls.__name__, "validation", TypeAdapter(cls)) for cls in classes]
    _, whole = TypeAdapter.json_schemas(adapters, ref_template="#/components/schemas/{model}")
    definitions: dict[str, Any] = whole["$defs"]
    return definitions


def _mark_instants(schemas: dict[str, Any], *, as_text: bool) -> dict[str, Any]:
    for schema in schemas.values():
        for name, part in schema.get("properties", {}).items():
            if name in _INSTANTS and part.get("type") == "integer":
                if as_text:
                    part.update(type="string", format="date-time")
                else:
                    part["description"] = "milliseconds since the epoch"
    return schemas
