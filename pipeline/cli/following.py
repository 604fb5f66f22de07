"""Following a topic of the platform from the command line."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiokafka import TopicPartition

from pipeline.journal.clients import make_reader_client
from pipeline.journal.identity import read_journal
from pipeline.journal.reader import StretchReader
from pipeline.journal.records import Record, from_consumer
from pipeline.partitioning import partition_for
from pipeline.settings import Settings


async def follow(
    settings: Settings, topic: str, *, from_beginning: bool, device_id: str | None
) -> AsyncIterator[Record]:
    """The topic's records as they come, from its end or its beginning; never ends by itself.

    With a device only its partition is read. Raises Kafka's errors, and JournalMismatch if there is no journal.
    """
    reader = StretchReader(settings)
    await reader.start()
    try:
        partitions = (await read_journal(reader)).partitions
    finally:
        await reader.stop()
    wanted = range(partitions) if device_id is None else [partition_for(device_id, partitions)]
    assigned = [TopicPartition(topic, number) for number in wanted]
    client = make_reader_client(settings)
    try:
        await client.start()
        client.assign(assigned)
        starts = await (client.beginning_offsets if from_beginning else client.end_offsets)(assigned)
        for tp, offset in starts.items():
            client.seek(tp, offset)
        while True:
            for records in (await client.getmany(timeout_ms=500, max_records=500)).values():
                for record in records:
                    yield from_consumer(record)
    finally:
        await client.stop()
