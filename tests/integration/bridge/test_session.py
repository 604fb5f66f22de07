"""The session against the real broker: bounded, complete, in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bridge import session as session_module
from bridge.connecting import MARKER_TOPIC
from bridge.inbox import Received
from bridge.session import MqttSession
from pipeline.settings import Settings
from tests.support.mqtt import Publisher
from tests.support.waiting import wait_until

ROOM = 100
READ_AT_ONCE = 200
MESSAGES = 2000


@pytest.fixture
async def session(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MqttSession]:
    monkeypatch.setattr(session_module, "RECEIVE_MAXIMUM", ROOM)
    monkeypatch.setattr(session_module, "_INBOX_ROOM", ROOM)
    session = MqttSession(settings)
    session.start()
    await wait_until(lambda: session.epoch is not None, 20, "the session to connect")
    await _drain(session)
    yield session
    await _drain(session)
    await asyncio.to_thread(session.close)


async def _drain(session: MqttSession) -> None:
    """Take and acknowledge until a marker says that the broker has nothing more."""
    session.publish(MARKER_TOPIC, b"drained")
    taken: list[Received] = []

    def done() -> bool:
        batch = session.inbox.take(1000, 2**30)
        session.acknowledge(batch)
        taken.extend(batch)
        return any(message.payload == b"drained" for message in taken)

    await wait_until(done, 20, "the broker's queue to be empty")


async def test_a_backlog_arrives_once_in_order_and_never_more_than_there_is_room_for(
    settings: Settings, session: MqttSession, plant: str
) -> None:
    epoch = session.epoch
    topic = f"insa/devices/{plant}1/telemetry"
    with Publisher(settings) as publisher:
        for number in range(MESSAGES):
            publisher.publish(topic, str(number).encode())
        await asyncio.to_thread(publisher.wait)
    got: list[int] = []

    def all_there() -> bool:
        assert len(session.inbox) <= ROOM + READ_AT_ONCE
        batch = session.inbox.take(150, 2**30)
        session.acknowledge(batch)
        got.extend(int(message.payload) for message in batch if message.topic == topic.encode())
        return len(got) >= MESSAGES

    await wait_until(all_there, 30, "the whole backlog")
    assert got == list(range(MESSAGES))
    assert session.epoch == epoch


async def test_a_marker_comes_back_behind_all_that_was_queued(
    settings: Settings, session: MqttSession, plant: str
) -> None:
    topic = f"insa/devices/{plant}1/telemetry".encode()
    with Publisher(settings) as publisher:
        for _ in range(MESSAGES):
            publisher.publish(topic.decode(), b"")
        await asyncio.to_thread(publisher.wait)
    session.publish(MARKER_TOPIC, b"behind")
    got: list[Received] = []

    def came_back() -> bool:
        batch = session.inbox.take(150, 2**30)
        session.acknowledge(batch)
        got.extend(batch)
        return any(message.payload == b"behind" for message in got)

    await wait_until(came_back, 30, "the marker")
    before = got[: [message.payload for message in got].index(b"behind")]
    assert sum(message.topic == topic for message in before) == MESSAGES
