"""Acknowledged only when durable, in the order of arrival; ticks behind all of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError

from bridge.connecting import MARKER_TOPIC
from bridge.forwarder import Forwarder
from bridge.inbox import Inbox, Received
from bridge.session import MqttSession
from bridge.ticks import MarkerSchedule
from pipeline.codec import decode
from pipeline.events import Ticked
from pipeline.topics import EVENTS, QUARANTINE
from tests.support.waiting import wait_until

PARTITIONS = 2


class _Session:
    def __init__(self) -> None:
        self.inbox = Inbox(asyncio.get_running_loop(), 10_000, 2**20)
        self.epoch: int | None = 1
        self.acknowledged: list[int] = []

    def acknowledge(self, messages: Iterable[Received]) -> None:
        self.acknowledged += [message.mid for message in messages]


@dataclass
class _Sent:
    topic: str
    partition: int | None
    body: bytes
    headers: list[tuple[str, bytes]]
    confirmation: asyncio.Future[Any]


@dataclass
class _Producer:
    """Notes what is sent; confirms at once, or when the test does."""

    confirms: bool = True
    sent: list[_Sent] = field(default_factory=list)
    refuses: list[Exception] = field(default_factory=list)

    async def send(
        self,
        topic: str,
        value: bytes,
        key: bytes | None = None,
        partition: int | None = None,
        headers: list[tuple[str, bytes]] | None = None,
    ) -> asyncio.Future[Any]:
        if self.refuses:
            raise self.refuses.pop()
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.sent.append(_Sent(topic, partition, value, headers or [], future))
        if self.confirms:
            future.set_result(type("Metadata", (), {"offset": len(self.sent)}))
        return future


@dataclass
class _Bench:
    session: _Session
    producer: _Producer
    markers: MarkerSchedule
    forwarder: Forwarder
    running: asyncio.Task[None]

    def receive(self, mid: int, payload: bytes = b'{"a":1}', topic: str = "insa/devices/d/telemetry") -> None:
        self.session.inbox.put(Received(1, mid, 1, topic.encode(), payload, 0))

    def ticks(self) -> list[_Sent]:
        return [
            sent
            for sent in self.producer.sent
            if sent.topic == EVENTS.name and isinstance(decode(tuple(sent.headers), sent.body), Ticked)
        ]


@pytest.fixture
async def bench() -> AsyncIterator[_Bench]:
    session, producer = _Session(), _Producer()
    markers = MarkerSchedule(1.0, lambda: b"nonce")
    forwarder = Forwarder(
        cast("MqttSession", session), cast("AIOKafkaProducer", producer), PARTITIONS, markers, interval_ms=1000
    )
    running = asyncio.create_task(forwarder.run())
    yield _Bench(session, producer, markers, forwarder, running)
    running.cancel()


async def test_nothing_is_acknowledged_before_kafka_has_all_of_the_batch(bench: _Bench) -> None:
    bench.producer.confirms = False
    bench.receive(1)
    bench.receive(2, b"garbage")
    await wait_until(lambda: len(bench.producer.sent) == 2, 5, "the frame and the quarantine record")
    assert {sent.topic for sent in bench.producer.sent} == {EVENTS.name, QUARANTINE.name}
    bench.producer.sent[0].confirmation.set_result(None)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert bench.session.acknowledged == []
    assert bench.forwarder.pending == 2
    bench.producer.sent[1].confirmation.set_result(None)
    await wait_until(lambda: bench.session.acknowledged == [1, 2], 5, "both acknowledgements")
    assert bench.forwarder.pending == 0


async def test_messages_are_acknowledged_in_the_order_of_their_arrival(bench: _Bench) -> None:
    for mid in (3, 1, 2):
        bench.receive(mid, topic=f"insa/devices/d{mid}/telemetry")
    await wait_until(lambda: len(bench.session.acknowledged) == 3, 5, "the acknowledgements")
    assert bench.session.acknowledged == [3, 1, 2]


async def test_what_kafka_refuses_ends_the_forwarder_and_is_not_acknowledged(bench: _Bench) -> None:
    bench.producer.confirms = False
    bench.receive(1)
    await wait_until(lambda: bench.producer.sent, 5, "the frame")
    bench.producer.sent[0].confirmation.set_exception(RuntimeError("the producer died"))
    with pytest.raises(RuntimeError, match="died"):
        await bench.running
    assert bench.session.acknowledged == []


async def test_a_full_buffer_is_waited_out(bench: _Bench) -> None:
    bench.producer.refuses = [KafkaTimeoutError(), KafkaTimeoutError()]
    bench.receive(1)
    await wait_until(lambda: bench.session.acknowledged == [1], 5, "the acknowledgement")
    assert len(bench.producer.sent) == 1


async def test_a_marker_that_came_back_brings_one_tick_to_every_partition_behind_the_batch(bench: _Bench) -> None:
    nonce = bench.markers.due(0, 1)
    assert nonce is not None
    bench.receive(1)
    bench.receive(2, nonce, MARKER_TOPIC)
    bench.receive(3, nonce, MARKER_TOPIC)
    await wait_until(lambda: len(bench.ticks()) == PARTITIONS, 5, "the ticks")
    assert bench.session.acknowledged == [1, 2, 3]
    assert [sent.partition for sent in bench.producer.sent[-2:]] == [0, 1]
    assert bench.producer.sent[0] not in bench.ticks()
    bench.receive(4)
    await wait_until(lambda: bench.session.acknowledged == [1, 2, 3, 4], 5, "the last acknowledgement")
    assert len(bench.ticks()) == PARTITIONS


@pytest.mark.parametrize("epoch", [None, 2])
async def test_a_marker_whose_connection_is_gone_brings_none(bench: _Bench, epoch: int | None) -> None:
    nonce = bench.markers.due(0, 1)
    assert nonce is not None
    bench.session.epoch = epoch
    bench.receive(1, nonce, MARKER_TOPIC)
    await wait_until(lambda: bench.session.acknowledged == [1], 5, "the acknowledgement")
    assert bench.ticks() == []


async def test_a_pause_waits_for_the_batch_in_hand_and_lets_no_other_begin(bench: _Bench) -> None:
    bench.producer.confirms = False
    bench.receive(1)
    await wait_until(lambda: bench.producer.sent, 5, "the frame")
    pausing = asyncio.create_task(bench.forwarder.pause(5))
    bench.receive(2)
    await asyncio.sleep(0)
    assert not pausing.done()
    bench.producer.sent[0].confirmation.set_result(None)
    await pausing
    assert bench.session.acknowledged == [1]
    bench.producer.confirms = True
    bench.forwarder.resume()
    await wait_until(lambda: bench.session.acknowledged == [1, 2], 5, "the second message")
