"""From an MQTT message to what it means: readings, a status, a command's answer, or quarantine. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from bridge.inbox import Received
from bridge.receipt import ReceiptClock
from pipeline.errors import InvalidInput
from pipeline.events import CommandAnswered, Reading, StatusReported
from pipeline.identifiers import check_identifier
from pipeline.payloads import parse_answer, parse_status, parse_telemetry
from pipeline.quarantine import MqttSource, Quarantined

BY = "bridge"
ALERT_TOPIC = "insa/alerts/"
SUBSCRIPTIONS = ("insa/devices/+/telemetry", "insa/devices/+/status", "insa/devices/+/commands")
ALERT_SUBSCRIPTION = "insa/alerts/#"

Kind: TypeAlias = Literal["telemetry", "status", "commands", "alerts", "unknown"]
Outcome: TypeAlias = Reading | StatusReported | CommandAnswered | Quarantined


class Address(NamedTuple):
    """What a topic says: the kind of message and the device, None if it names none that could exist."""

    kind: Kind
    device_id: str | None
    refusal: InvalidInput | None


class Mapped(NamedTuple):
    """The outcomes of one message in the order of their place in it; `untimed` of them got a time of receipt."""

    kind: Kind
    outcomes: list[Outcome]
    untimed: int


def map_message(message: Received, clock: ReceiptClock) -> Mapped:
    """Read one message; never raises: what cannot be read becomes a Quarantined that holds it whole."""
    kind, device_id, refusal = parse_topic(message.topic)
    try:
        if refusal is not None or device_id is None:
            raise refusal or InvalidInput("invalid_id", "the topic names no device", "topic")
        if kind == "telemetry":
            return _map_telemetry(message, device_id, clock)
        ts: int | None
        event: StatusReported | CommandAnswered
        if kind == "status":
            ts, status, details = parse_status(message.payload, device_id, message.received_at)
            event = StatusReported(device_id, _stamped(ts, message, device_id, clock), status, details)
        else:
            ts, command_id, body = parse_answer(message.payload, device_id, message.received_at)
            event = CommandAnswered(device_id, _stamped(ts, message, device_id, clock), command_id, body)
        return Mapped(kind, [event], 1 if ts is None else 0)
    except InvalidInput as error:
        return Mapped(kind, [_quarantined(message, device_id, error.reason, str(error))], 0)
    except Exception as error:
        # A mistake of ours must cost one message its meaning, not all messages behind it their way.
        return Mapped(kind, [_quarantined(message, device_id, "bridge_error", repr(error))], 0)


@lru_cache(maxsize=65_536)
def parse_topic(topic: bytes) -> Address:
    """Read a topic; what is wrong with it stands in `refusal`."""
    try:
        parts = topic.decode().split("/")
    except UnicodeDecodeError:
        return Address("unknown", None, InvalidInput("undecodable_topic", "the topic is not UTF-8", "topic"))
    match parts:
        case ["insa", "devices", device_id, ("telemetry" | "status" | "commands") as kind]:
            try:
                return Address(kind, check_identifier(device_id, "the device id in the topic"), None)
            except InvalidInput as error:
                return Address(kind, None, error)
        case ["insa", "alerts", *_]:
            return Address(
                "alerts", None, InvalidInput("foreign_alert", "an alert that did not come from this platform", "topic")
            )
        case _:
            return Address("unknown", None, InvalidInput("unknown_topic", "nothing is expected on this topic", "topic"))


def _map_telemetry(message: Received, device_id: str, clock: ReceiptClock) -> Mapped:
    telemetry = parse_telemetry(message.payload, device_id, message.received_at)
    outcomes: list[Outcome] = []
    untimed = 0
    for ts, values in telemetry.measurements:
        if ts is None:
            untimed += 1
            outcomes.append(Reading(device_id, clock.stamp(device_id, message.received_at), values))
        else:
            outcomes.append(Reading(device_id, ts, values))
    for element, raw, reason, text in telemetry.refused:
        outcomes.append(_quarantined(message, device_id, reason, text, raw, element))
    return Mapped("telemetry", outcomes, untimed)


def _stamped(ts: int | None, message: Received, device_id: str, clock: ReceiptClock) -> int:
    return clock.stamp(device_id, message.received_at) if ts is None else ts


def _quarantined(
    message: Received,
    device_id: str | None,
    reason: str,
    text: str,
    raw: bytes | None = None,
    element: int | None = None,
) -> Quarantined:
    return Quarantined(
        reason=reason,
        message=text,
        by=BY,
        source=MqttSource(message.topic),
        received_at=message.received_at,
        raw=message.payload if raw is None else raw,
        device_id=device_id,
        index=element,
    )
