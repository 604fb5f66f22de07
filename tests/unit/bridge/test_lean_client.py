"""The lean way of reading a PUBLISH agrees with paho's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt import _packet
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from bridge.lean_client import LeanClient, MalformedPublish, Publish, read_publish

topics = st.binary(max_size=300)
payloads = st.binary(max_size=300)
user_properties = st.lists(st.tuples(st.text("ab", max_size=90), st.text("cd", max_size=90)), max_size=4)


def _packed(qos: int, mid: int, topic: bytes, payload: bytes, pairs: list[tuple[str, str]]) -> bytes:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    for pair in pairs:
        properties.UserProperty = pair
    identified = mid.to_bytes(2, "big") if qos else b""
    packed: bytes = properties.pack()  # type: ignore[no-untyped-call]
    return len(topic).to_bytes(2, "big") + topic + identified + packed + payload


@given(st.sampled_from([0, 1]), st.integers(1, 65535), topics, payloads, user_properties, st.booleans())
def test_both_read_the_same(
    qos: int, mid: int, topic: bytes, payload: bytes, pairs: list[tuple[str, str]], dup: bool
) -> None:
    header = 0x30 | qos << 1 | dup << 3
    packet = _packed(qos, mid, topic, payload, pairs)
    paho = _packet.decode_publish(header, packet, MQTTProtocolVersion.MQTTv5)
    lean = read_publish(header, packet)
    assert lean == (paho.qos, paho.mid, paho.topic, paho.payload)
    assert lean == (qos, mid if qos else 0, topic, payload)


@given(st.binary(max_size=30))
def test_any_bytes_are_read_or_refused(packet: bytes) -> None:
    try:
        read_publish(0x32, packet)
    except MalformedPublish:
        return


def test_a_packet_shorter_than_it_says_is_refused() -> None:
    with pytest.raises(MalformedPublish):
        read_publish(0x32, b"\x00\x01t\x00\x01\x05")


@pytest.mark.parametrize(
    ("has_room", "result"), [(False, MQTTErrorCode.MQTT_ERR_SUCCESS), (True, MQTTErrorCode.MQTT_ERR_NO_CONN)]
)
def test_it_reads_only_while_there_is_room(has_room: bool, result: MQTTErrorCode) -> None:
    received: list[Publish] = []
    client = LeanClient(received.append, lambda: has_room, callback_api_version=CallbackAPIVersion.VERSION2)
    assert client.loop_read() is result
