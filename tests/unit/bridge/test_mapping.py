"""What an MQTT message becomes."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.inbox import Received
from bridge.mapping import Outcome, map_message, parse_topic
from bridge.receipt import ReceiptClock
from pipeline.events import CommandAnswered, Reading, StatusReported
from pipeline.quarantine import MqttSource, Quarantined

NOW = 1_761_592_485_000


def _map(topic: bytes | str, payload: bytes) -> list[Outcome]:
    raw = topic.encode() if isinstance(topic, str) else topic
    return map_message(Received(1, 1, 1, raw, payload, NOW), ReceiptClock()).outcomes


def test_telemetry_becomes_a_reading() -> None:
    payload = b'{"temperature":28.5,"timestamp":"2025-10-27T19:14:45Z"}'
    assert _map("insa/devices/d1/telemetry", payload) == [Reading("d1", NOW, {"temperature": 28.5})]


def test_a_list_becomes_readings_and_quarantine_in_order() -> None:
    outcomes = _map("insa/devices/d1/telemetry", b'[{"a":1,"ts":1},{"a":[]},{"a":2,"ts":2}]')
    assert outcomes[:2] == [Reading("d1", 1000, {"a": 1}), Reading("d1", 2000, {"a": 2})]
    assert outcomes[2] == Quarantined(
        reason="array_value",
        message="a: is an array; send its elements under keys of their own",
        by="bridge",
        source=MqttSource(b"insa/devices/d1/telemetry"),
        received_at=NOW,
        raw=b'{"a":[]}',
        device_id="d1",
        index=1,
    )


def test_readings_without_a_time_get_increasing_times_of_receipt() -> None:
    mapped = map_message(
        Received(1, 1, 1, b"insa/devices/d1/telemetry", b'[{"a":1},{"a":2}]', NOW), clock := ReceiptClock()
    )
    assert mapped.outcomes == [Reading("d1", NOW, {"a": 1}), Reading("d1", NOW + 1, {"a": 2})]
    assert mapped.untimed == 2
    assert clock.stamp("d2", NOW) == NOW


def test_a_status_becomes_an_event() -> None:
    assert _map("insa/devices/d1/status", b"online") == [StatusReported("d1", NOW, "online")]
    assert _map("insa/devices/d1/status", b'{"status":"low","ts":5,"volt":3.1}') == [
        StatusReported("d1", 5000, "low", {"volt": 3.1})
    ]


def test_a_commands_answer_becomes_an_event() -> None:
    body = {"command_id": "c1", "ok": True}
    assert _map("insa/devices/d1/commands", orjson.dumps(body)) == [CommandAnswered("d1", NOW, "c1", body)]


@pytest.mark.parametrize(
    ("topic", "reason", "device_id"),
    [
        (b"insa/devices/../telemetry", "invalid_id", None),
        (b"insa/devices/a:b/telemetry", "invalid_id", None),
        (b"insa/devices/%u/telemetry", "invalid_id", None),
        (b"insa/devices//telemetry", "invalid_id", None),
        (b"insa/devices/" + b"d" * 65 + b"/telemetry", "invalid_id", None),
        (b"insa/devices/d\xc3\xbc/telemetry", "invalid_id", None),
        (b"insa/devices/d1/other", "unknown_topic", None),
        (b"insa/devices/d1/commands/request", "unknown_topic", None),
        (b"insa/devices/d1", "unknown_topic", None),
        (b"", "unknown_topic", None),
        (b"$SYS/broker", "unknown_topic", None),
        (b"insa/alerts/d1", "foreign_alert", None),
        (b"insa/alerts", "foreign_alert", None),
        (b"insa/devices/\xff/telemetry", "undecodable_topic", None),
    ],
)
def test_a_topic_that_means_nothing_puts_its_message_into_quarantine(
    topic: bytes, reason: str, device_id: str | None
) -> None:
    (outcome,) = _map(topic, b'{"a":1}')
    assert isinstance(outcome, Quarantined)
    assert (outcome.reason, outcome.device_id) == (reason, device_id)
    assert (outcome.raw, outcome.source) == (b'{"a":1}', MqttSource(topic))


def test_a_bad_payload_goes_into_quarantine_whole_under_its_device() -> None:
    (outcome,) = _map("insa/devices/d1/telemetry", b"\xff")
    assert isinstance(outcome, Quarantined)
    assert (outcome.reason, outcome.device_id, outcome.raw) == ("invalid_json", "d1", b"\xff")


@given(st.binary(max_size=40) | st.sampled_from([b"insa/devices/d/telemetry", b"insa/devices/d/status"]), st.binary())
def test_no_message_gets_lost_and_none_raises(topic: bytes, payload: bytes) -> None:
    assert _map(topic, payload)


def test_the_same_topic_is_read_once() -> None:
    parse_topic.cache_clear()
    for _ in range(3):
        parse_topic(b"insa/devices/d1/telemetry")
    assert parse_topic.cache_info().misses == 1
