"""Commands with connections of their own, for those who give one and leave."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from pipeline.journal.clients import make_producer
from pipeline.journal.identity import read_journal
from pipeline.journal.reader import StretchReader
from pipeline.journal.writer import JournalWriter
from pipeline.settings import Settings
from sinks.commands.answers import Answers
from sinks.commands.commands import Commands
from sinks.commands.outbox import Outbox
from sinks.postgres.connect import Pool, make_pool


@contextlib.asynccontextmanager
async def open_commands(settings: Settings) -> AsyncIterator[Commands]:
    """Connect to Kafka and PostgreSQL and disconnect at the end.

    Raises JournalMismatch if there is no journal, KafkaError if Kafka cannot be reached.
    """
    async with contextlib.AsyncExitStack() as stack:
        reader = StretchReader(settings)
        await reader.start()
        stack.push_async_callback(reader.stop)
        journal = await read_journal(reader)
        producer = make_producer(settings)
        stack.push_async_callback(producer.stop)
        await producer.start()
        pool = await stack.enter_async_context(make_pool(settings, max_size=2))
        yield Commands(pool, JournalWriter(producer, journal.partitions))


@contextlib.asynccontextmanager
async def open_answers(settings: Settings, pool: Pool) -> AsyncIterator[Answers]:
    """Answers to alerts over a pool of the caller's; connects to Kafka and disconnects at the end.

    Raises as open_commands does.
    """
    async with contextlib.AsyncExitStack() as stack:
        reader = StretchReader(settings)
        await reader.start()
        stack.push_async_callback(reader.stop)
        journal = await read_journal(reader)
        producer = make_producer(settings)
        stack.push_async_callback(producer.stop)
        await producer.start()
        outbox = Outbox(pool, JournalWriter(producer, journal.partitions))
        yield Answers(pool, outbox, reader, journal.partitions)
