"""Following another journal: for the day when Kafka's data was lost or replaced on purpose.

PostgreSQL keeps what it has. Positions start anew, detection's snapshots of the lost journal go, and the definitions,
which detection reads from the journal only, are written into the new one.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass

import orjson
from aiokafka.errors import UnknownTopicOrPartitionError, for_code
from redis.exceptions import RedisError

from pipeline.journal.clients import make_admin, make_producer
from pipeline.journal.creation import create_topics
from pipeline.journal.identity import Journal
from pipeline.journal.writer import JournalWriter
from pipeline.process.logs import get_log
from pipeline.settings import Settings
from pipeline.topics import SNAPSHOTS
from sinks.commands.definitions import Definition, defining_event, removing_event
from sinks.commands.outbox import Outbox, put_event
from sinks.postgres.connect import Connection, make_pool, transaction
from sinks.redis.caches import make_redis

_GONE_SECONDS = 30
_CACHED = ("device:*", "telemetry:*", "rules:active", "alerts:recent:*")


@dataclass(frozen=True, slots=True)
class Adopted:
    """What was done."""

    journal: Journal
    definitions: int
    """Written into the journal."""


async def adopt_journal(settings: Settings) -> Adopted:
    """Make PostgreSQL and detection follow the journal that Kafka holds now, which is created if there is none.

    Stop detect and project first. Repeating is safe. Raises PostgresUnavailable and Kafka's errors.
    """
    await _delete_snapshots(settings)
    journal = await create_topics(settings)
    async with make_pool(settings, max_size=2) as pool:
        async with transaction(pool) as connection:
            await connection.execute(
                """UPDATE projection_offsets SET journal_id = $1, position = -1, journal_time = NULL,
                    policy = NULL, policy_version = 0, updated_at = now()""",
                journal.journal_id,
            )
            await connection.execute("UPDATE devices SET as_of = -1")
            definitions = await _announce_all(connection)
        producer = make_producer(settings)
        await producer.start()
        try:
            outbox = Outbox(pool, JournalWriter(producer, journal.partitions))
            while await outbox.publish_stuck(0):
                pass
        finally:
            await producer.stop()
    await _empty_cache(settings)
    get_log("journal").info("adopted", journal_id=journal.journal_id, definitions=definitions)
    return Adopted(journal, definitions)


async def _announce_all(connection: Connection) -> int:
    rows = await connection.fetch(
        """SELECT kind, id, version, body, removed FROM registry WHERE version > 0
        ORDER BY array_position(ARRAY['policy', 'device', 'rule', 'silence'], kind), id"""
    )
    for row in rows:
        if row["removed"]:
            event = removing_event(row["kind"], row["id"], row["version"])
        else:
            event = defining_event(Definition(row["kind"], row["id"], orjson.loads(row["body"])), row["version"])
        await put_event(connection, event)
    return len(rows)


async def _delete_snapshots(settings: Settings) -> None:
    admin = make_admin(settings)
    await admin.start()
    try:
        response = await admin.delete_topics([SNAPSHOTS.name])
        for name, code, *_ in response.topic_error_codes:
            error = for_code(code)
            if code and error is not UnknownTopicOrPartitionError:
                raise error(f"deleting {name} failed")
        async with asyncio.timeout(_GONE_SECONDS):
            while SNAPSHOTS.name in await admin.list_topics():
                await asyncio.sleep(0.05)
    finally:
        await admin.close()


async def _empty_cache(settings: Settings) -> None:
    # What is cached carries offsets of the lost journal, which would look newer than those to come.
    async with make_redis(settings) as redis:
        with contextlib.suppress(RedisError, OSError):
            for pattern in _CACHED:
                async for key in redis.scan_iter(match=pattern, count=1000):
                    await redis.unlink(key)
