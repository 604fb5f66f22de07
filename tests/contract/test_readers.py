"""The reader of Kafka and the one that stands in for it in unit tests behave the same."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from pipeline.errors import HistoryLost
from pipeline.journal.clients import make_admin, make_producer
from pipeline.journal.reader import StretchReader
from tests.support.fake_log import FakeReader
from tests.support.stack import LocalStack

TOPIC = "contract-readers"
MakeReader = Callable[[int, int], Awaitable[StretchReader]]
"""Makes a reader of a partition with the offsets begin <= offset < end."""


@pytest.fixture(params=["memory", "kafka"])
async def make(request: pytest.FixtureRequest) -> AsyncIterator[MakeReader]:
    if request.param == "memory":

        async def in_memory(begin: int, end: int) -> StretchReader:
            return FakeReader(end=end, begin=begin)

        yield in_memory
        return
    stack: LocalStack = request.getfixturevalue("stack")
    settings = stack.settings()
    readers: list[StretchReader] = []
    admin = make_admin(settings)
    await admin.start()

    async def in_kafka(begin: int, end: int) -> StretchReader:
        from aiokafka import TopicPartition
        from aiokafka.admin import NewTopic, RecordsToDelete

        await admin.create_topics([NewTopic(TOPIC, 1, 1)])
        producer = make_producer(settings)
        await producer.start()
        for offset in range(end):
            await producer.send_and_wait(TOPIC, str(offset).encode(), partition=0)
        await producer.stop()
        if begin:
            await admin.delete_records({TopicPartition(TOPIC, 0): RecordsToDelete(before_offset=begin)})
        reader = StretchReader(settings)
        await reader.start()
        readers.append(reader)
        return reader

    yield in_kafka
    for reader in readers:
        await reader.stop()
    await admin.delete_topics([TOPIC])
    await admin.close()


async def offsets(reader: StretchReader, start: int, stop: int) -> list[int]:
    return [record.offset async for batch in reader.stretch(TOPIC, 0, start, stop) for record in batch]


async def test_a_stretch_holds_exactly_the_offsets_asked_for_in_order(make: MakeReader) -> None:
    reader = await make(0, 10)
    assert await offsets(reader, 2, 9) == list(range(2, 9))
    assert await offsets(reader, 0, 10) == list(range(10))
    assert await offsets(reader, 4, 4) == []
    assert await reader.end_offsets(TOPIC, [0]) == {0: 10}
    assert await reader.beginning_offset(TOPIC, 0) == 0


async def test_a_start_that_aged_out_is_said_to_be_lost(make: MakeReader) -> None:
    reader = await make(5, 10)
    with pytest.raises(HistoryLost):
        await offsets(reader, 2, 9)
    assert await reader.beginning_offset(TOPIC, 0) == 5
    assert await offsets(reader, 5, 9) == list(range(5, 9))
