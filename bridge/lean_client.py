"""paho's client, made lean where every message passes.

For each message paho builds a table of all properties that MQTT 5 knows, formats log lines and goes through `select`
once; for each acknowledgement it makes a packet and a system call. That is three quarters of what a message costs the
bridge. This client reads what it needs of a PUBLISH, reads on while there is more, and acknowledges many at once.
And it can stop reading: a receive maximum alone does not hold Mosquitto 2.0.11 back, which sends up to as many again
for each single acknowledgement (seen: 899 in flight where 100 were allowed).
It relies on paho's internals, which is why the lock file pins the version and a test compares both ways of reading.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes

_AT_ONCE = 200
_PAUSE_SECONDS = 0.005
_QOS_2 = 2
_PUBACK = PacketTypes.PUBACK << 4


class Publish(NamedTuple):
    """What a PUBLISH packet of MQTT 5 carries, without its properties."""

    qos: int
    mid: int
    topic: bytes
    payload: bytes


class MalformedPublish(Exception):
    """The packet is shorter than it says."""


class LeanClient(Client):
    """A client that hands messages of QoS 0 and 1 to `received`, which must not raise, in paho's thread.

    It stops reading while `has_room` says no, so that the broker, or its socket, keeps what comes; it goes on writing.
    """

    def __init__(self, received: Callable[[Publish], None], has_room: Callable[[], bool], **options: Any) -> None:
        super().__init__(**options)
        self._received = received
        self._has_room = has_room
        self._taken = 0

    def ack_all(self, mids: Iterable[int]) -> None:
        """Acknowledge messages of QoS 1 in this order; may be called from any thread."""
        packet = bytearray()
        for mid in mids:
            packet += bytes((_PUBACK, 2, mid >> 8, mid & 0xFF))
        if packet:
            self._packet_queue(_PUBACK, packet, 0, 0)

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Read packets while there are any, at most some hundred, for writing must have its turn."""
        if not self._has_room():
            time.sleep(_PAUSE_SECONDS)
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        start = self._taken
        while True:
            before = self._taken
            result = super().loop_read(max_packets)
            if result or self._taken == before or self._taken - start >= _AT_ONCE:
                return result

    def _handle_publish(self) -> MQTTErrorCode:
        try:
            publish = read_publish(self._in_packet["command"], bytes(self._in_packet["packet"]))
        except MalformedPublish:
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        if publish.qos == _QOS_2:
            return MQTTErrorCode.MQTT_ERR_PROTOCOL  # never subscribed to
        self._taken += 1
        self._received(publish)
        return MQTTErrorCode.MQTT_ERR_SUCCESS


def read_publish(header: int, packet: bytes) -> Publish:
    """Read a PUBLISH packet of MQTT 5 (its §3.3), given without its fixed header; raises MalformedPublish."""
    try:
        qos = header >> 1 & 3
        at = 2 + (packet[0] << 8 | packet[1])
        topic = packet[2:at]
        mid = 0
        if qos:
            mid = packet[at] << 8 | packet[at + 1]
            at += 2
        length, shift = 0, 0
        while True:
            byte = packet[at]
            at += 1
            length |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
    except IndexError:
        raise MalformedPublish from None
    if at + length > len(packet):
        raise MalformedPublish
    return Publish(qos, mid, topic, packet[at + length :])
