"""The outbox's relay in the API process, with connections that are made anew when they are lost."""

from __future__ import annotations

import asyncio

import asyncpg
from aiokafka.errors import KafkaError

from pipeline.errors import JournalMismatch, PostgresUnavailable
from pipeline.journal.clients import make_producer
from pipeline.journal.identity import read_journal
from pipeline.journal.reader import StretchReader
from pipeline.journal.writer import JournalWriter
from pipeline.process.logs import get_log
from pipeline.settings import Settings
from sinks.commands import Commands, OutboxRelay
from sinks.postgres.connect import Pool

_AGAIN_SECONDS = 5.0


async def relay_outbox(settings: Settings, pool: Pool) -> None:
    """See to it that there is a policy, then relay until cancelled; waits while a server or a table is missing."""
    log = get_log("outbox")
    while True:
        try:
            await _relay(settings, pool)
        except (KafkaError, JournalMismatch, PostgresUnavailable, OSError, asyncpg.UndefinedTableError) as error:
            log.warning("relay_waits", error=f"{type(error).__name__}: {error}", again_in_seconds=_AGAIN_SECONDS)
            await asyncio.sleep(_AGAIN_SECONDS)


async def _relay(settings: Settings, pool: Pool) -> None:
    reader = StretchReader(settings)
    await reader.start()
    try:
        journal = await read_journal(reader)
    finally:
        await reader.stop()
    producer = make_producer(settings)
    try:
        await producer.start()
        writer = JournalWriter(producer, journal.partitions)
        await Commands(pool, writer).ensure_policy(settings)
        await OutboxRelay(pool, writer).run()
    finally:
        await producer.stop()
