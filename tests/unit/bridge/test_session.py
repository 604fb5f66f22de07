"""The MQTT session without a broker: what its callbacks do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest
from paho.mqtt.client import ConnectFlags, DisconnectFlags
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from bridge.inbox import Received
from bridge.lean_client import Publish
from bridge.session import MqttSession, PublishRefused
from pipeline.errors import PartitionLost, PlatformError
from pipeline.process import metrics
from pipeline.settings import Settings

OK = ReasonCode(PacketTypes.CONNACK, "Success")
GRANTED = ReasonCode(PacketTypes.SUBACK, "Granted QoS 1")
DENIED = ReasonCode(PacketTypes.SUBACK, "Not authorized")
NORMAL = ReasonCode(PacketTypes.DISCONNECT, "Normal disconnection")
TAKEN_OVER = ReasonCode(PacketTypes.DISCONNECT, "Session taken over")


class _Bench:
    def __init__(self) -> None:
        self.session = MqttSession(Settings(_env_file=None))
        self.acknowledged: list[int] = []
        self.reconnects = 0
        self.session._client.ack_all = self._ack_all  # type: ignore[method-assign]
        self.session._reconnect = self._reconnect  # type: ignore[method-assign]

    def _ack_all(self, mids: Iterable[int]) -> None:
        self.acknowledged += mids

    def _reconnect(self) -> None:
        self.reconnects += 1

    def connect(self) -> None:
        self.session._on_connect(self.session._client, None, ConnectFlags(session_present=True), OK, None)
        self.session._on_subscribe(self.session._client, None, 1, [GRANTED], None)

    def disconnect(self, reason: ReasonCode = NORMAL) -> None:
        self.session._on_disconnect(
            self.session._client, None, DisconnectFlags(is_disconnect_packet_from_server=True), reason, None
        )

    def receive(self, mid: int, qos: int = 1) -> None:
        self.session._on_message(Publish(qos, mid, b"t", b"p"))

    def take(self) -> list[Received]:
        return self.session.inbox.take(100_000, 2**30)


@pytest.fixture
async def bench() -> _Bench:
    return _Bench()


async def test_messages_are_acknowledged_in_the_given_order(bench: _Bench) -> None:
    bench.connect()
    for mid in (5, 6, 1):
        bench.receive(mid)
    bench.receive(0, qos=0)
    bench.session.acknowledge(bench.take())
    assert bench.acknowledged == [5, 6, 1]


async def test_an_acknowledgement_that_outlived_its_connection_is_dropped_and_counted(bench: _Bench) -> None:
    bench.connect()
    bench.receive(1)
    taken = bench.take()
    before = metrics.MQTT_STALE_ACKS._value.get()
    bench.disconnect()
    bench.session.acknowledge(taken)
    bench.connect()
    bench.session.acknowledge(taken)
    assert bench.acknowledged == []
    assert metrics.MQTT_STALE_ACKS._value.get() == before + 2
    bench.receive(1)
    bench.session.acknowledge([*taken, *bench.take()])
    assert bench.acknowledged == [1]


async def test_it_counts_as_connected_once_the_subscriptions_are_confirmed(bench: _Bench) -> None:
    session = bench.session
    session._on_connect(session._client, None, ConnectFlags(session_present=False), OK, None)
    assert session.epoch is None
    assert session.seconds_since_attempt() == 0
    session._on_subscribe(session._client, None, 1, [GRANTED], None)
    assert session.epoch is not None
    bench.disconnect()
    assert session.epoch is None


async def test_an_error_while_receiving_does_not_reach_pahos_thread(
    bench: _Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.connect()

    def broken(_message: Received) -> None:
        raise MemoryError

    monkeypatch.setattr(bench.session.inbox, "put", broken)
    bench.receive(1)
    assert bench.reconnects == 1


async def test_a_session_taken_over_is_over_for_good(bench: _Bench) -> None:
    bench.connect()
    bench.disconnect(TAKEN_OVER)
    with pytest.raises(PartitionLost):
        await asyncio.wait_for(bench.session.failure, 5)


async def test_a_refused_subscription_ends_the_session(bench: _Bench) -> None:
    session = bench.session
    session._on_subscribe(session._client, None, 1, [GRANTED, DENIED], None)
    with pytest.raises(PlatformError, match="ACL"):
        await asyncio.wait_for(session.failure, 5)


async def test_a_publish_is_done_once_the_broker_acknowledged_it(bench: _Bench) -> None:
    session = bench.session
    good, bad = session.publish("a", b"1"), session.publish("a", b"2")
    mids = list(session._publishing)
    session._on_publish(session._client, None, mids[0], OK, None)
    session._on_publish(session._client, None, mids[1], DENIED, None)
    await asyncio.wait_for(good, 5)
    with pytest.raises(PublishRefused):
        await asyncio.wait_for(bad, 5)
