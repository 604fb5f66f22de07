"""Following the alert topic: each record once, also across interruptions and on a topic that was made anew."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from api.alert_tail import AlertTail
from pipeline.alerts import AlertEvent, Output
from pipeline.errors import UnknownVersion
from pipeline.journal.clients import make_producer
from pipeline.journal.creation import create_topics
from pipeline.settings import Settings
from pipeline.topics import ALERTS
from tests.integration.api.test_process import an_alert, append
from tests.support.stack import LocalStack
from tests.support.waiting import wait_until


@pytest.fixture
async def journal(stack: LocalStack) -> Settings:
    """Settings with a journal that exists."""
    settings = stack.settings()
    await create_topics(settings)
    return settings


async def test_a_delivery_that_fails_is_made_again_and_nothing_behind_it_is_lost(journal: Settings) -> None:
    delivered: list[int] = []
    failed = False

    async def deliver(output: Output, cursor: str) -> None:
        nonlocal failed
        assert isinstance(output, AlertEvent)
        if output.sequence == 3 and not failed:
            failed = True
            raise OSError("the connection broke")
        delivered.append(output.sequence)

    tail = AlertTail(journal, deliver)
    running = asyncio.create_task(tail.run())
    await wait_until(lambda: tail.positions, 20, "the tail to follow")
    await append(journal, *(an_alert(number) for number in range(1, 7)), partition=1)
    await wait_until(lambda: len(delivered) >= 6, 20, "all alerts")
    assert failed
    assert delivered == [1, 2, 3, 4, 5, 6]
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_a_position_beyond_the_end_restarts_at_what_there_is(journal: Settings) -> None:
    delivered: list[str] = []

    async def deliver(output: Output, cursor: str) -> None:
        delivered.append(cursor)

    tail = AlertTail(journal, deliver)
    tail.positions = {4: 10_000_000}
    await append(journal, an_alert(1), partition=4)
    running = asyncio.create_task(tail.run())
    await wait_until(lambda: delivered, 20, "the oldest alert")
    assert delivered[0].startswith("4:")
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_an_alert_of_a_newer_release_ends_it(journal: Settings) -> None:
    async def deliver(output: Output, cursor: str) -> None:
        """Take nothing."""

    tail = AlertTail(journal, deliver)
    running = asyncio.create_task(tail.run())
    await wait_until(lambda: tail.positions, 20, "the tail to follow")
    producer = make_producer(journal)
    await producer.start()
    headers = [("ce_type", b"insa.iiot.alert.raised"), ("v", b"99")]
    await producer.send_and_wait(ALERTS.name, b"{}", partition=0, headers=headers)
    await producer.stop()
    with pytest.raises(UnknownVersion):
        await asyncio.wait_for(running, 20)


def test_the_tail_is_behind_until_it_follows_and_whenever_records_wait(stack: LocalStack) -> None:
    async def deliver(output: Output, cursor: str) -> None:
        """Take nothing."""

    tail = AlertTail(stack.settings(), deliver)
    assert not tail.is_behind({})  # Kafka does not answer: nothing to hold against it
    assert tail.is_behind({0: 0})
    tail.positions = {0: 5}
    assert not tail.is_behind({0: 5})
    assert tail.is_behind({0: 6})
