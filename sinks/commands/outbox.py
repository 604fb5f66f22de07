"""The outbox: events on their way from a committed command to the journal.

A command publishes its event right after its commit. What stayed behind, because the process died or Kafka was away,
is published by the relay. A copy changes nothing: definitions count only if their version is higher.
"""

from __future__ import annotations

import asyncio

import asyncpg
import orjson
from aiokafka.errors import KafkaError

from pipeline.codec import Encoded, encode
from pipeline.errors import PostgresUnavailable
from pipeline.events import BROADCASTS, DeviceEvent, device_of
from pipeline.journal.writer import JournalWriter
from pipeline.partitioning import partition_for
from pipeline.process import metrics
from pipeline.process.logs import get_log
from sinks.commands.definitions import DefinitionEvent
from sinks.postgres.connect import Connection, Pool, transaction

STUCK_SECONDS = 5.0
PUBLISH_SECONDS = 5.0
_EVERY_SECONDS = 1.0
_AT_ONCE = 50
_KEPT = "1 day"


async def put_event(connection: Connection, event: DefinitionEvent | DeviceEvent) -> int:
    """Put an event into the outbox within the caller's transaction; returns its id there."""
    encoded = encode(event)
    outbox_id = await connection.fetchval(
        "INSERT INTO outbox (device_id, headers, body) VALUES ($1, $2, $3) RETURNING id",
        None if isinstance(event, BROADCASTS) else device_of(event),
        orjson.dumps([(name, value.decode()) for name, value in encoded.headers]).decode(),
        encoded.body,
    )
    return int(outbox_id)


class Outbox:
    """Publishes what stands in the outbox."""

    def __init__(self, pool: Pool, writer: JournalWriter) -> None:
        self._pool = pool
        self._writer = writer

    async def publish(self, outbox_id: int) -> bool:
        """Publish one event and mark it; False if that did not succeed within five seconds, and the relay has it."""
        return await self.publish_one(outbox_id) is not None

    async def publish_one(self, outbox_id: int) -> int | None:
        """The same; returns the offset in the first partition it went to, -1 if it went there long ago, or None."""
        try:
            row = await self._pool.fetchrow("SELECT device_id, headers, body FROM outbox WHERE id = $1", outbox_id)
            if row is None:
                return -1
            async with asyncio.timeout(PUBLISH_SECONDS):
                offset = await self._append(row)
            await self._pool.execute("UPDATE outbox SET published_at = now() WHERE id = $1", outbox_id)
        except (TimeoutError, KafkaError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            get_log("outbox").warning("left_to_the_relay", outbox_id=outbox_id, error=type(error).__name__)
            return None
        metrics.OUTBOX_PUBLISHED.labels("command").inc()
        return offset

    async def publish_stuck(self, older_than_seconds: float) -> int:
        """Publish what has been waiting longer, in order, at most fifty; returns how many were published.

        What another process is publishing is passed over. Raises PostgresUnavailable.
        """
        published: list[int] = []
        async with transaction(self._pool, seconds=2 * PUBLISH_SECONDS) as connection:
            rows = await connection.fetch(
                """SELECT id, device_id, headers, body FROM outbox
                WHERE published_at IS NULL AND created_at <= now() - $1 * '1 second'::interval
                ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED""",
                older_than_seconds,
                _AT_ONCE,
            )
            try:
                async with asyncio.timeout(PUBLISH_SECONDS):
                    for row in rows:
                        await self._append(row)
                        published.append(row["id"])
            except (TimeoutError, KafkaError) as error:
                get_log("outbox").warning("journal_unavailable", waiting=len(rows), error=type(error).__name__)
            await connection.execute("UPDATE outbox SET published_at = now() WHERE id = ANY($1::bigint[])", published)
        if published:
            metrics.OUTBOX_PUBLISHED.labels("relay").inc(len(published))
            get_log("outbox").info("relayed", events=len(published), first=published[0])
        return len(published)

    async def tidy(self) -> None:
        """Delete what was published more than a day ago; raises PostgresUnavailable."""
        async with transaction(self._pool) as connection:
            await connection.execute(f"DELETE FROM outbox WHERE published_at < now() - '{_KEPT}'::interval")

    async def _append(self, row: asyncpg.Record) -> int:
        headers = tuple((name, value.encode()) for name, value in orjson.loads(row["headers"]))
        encoded, device_id = Encoded(headers, row["body"]), row["device_id"]
        if device_id is None:
            return (await self._writer.append_encoded(range(self._writer.partitions), encoded))[0]
        partition = partition_for(device_id, self._writer.partitions)
        return (await self._writer.append_encoded([partition], encoded, device_id.encode()))[0]


class OutboxRelay:
    """Publishes what commands left behind; several may run, they share the work."""

    def __init__(self, pool: Pool, writer: JournalWriter) -> None:
        self._outbox = Outbox(pool, writer)

    async def run(self) -> None:
        """Relay until cancelled; outlives outages of PostgreSQL and Kafka."""
        tidy_at = 0.0
        loop = asyncio.get_running_loop()
        while True:
            try:
                while await self._outbox.publish_stuck(STUCK_SECONDS):
                    pass
                if loop.time() >= tidy_at:
                    await self._outbox.tidy()
                    tidy_at = loop.time() + 3600
            except PostgresUnavailable as error:
                get_log("outbox").warning("postgres_unavailable", error=str(error))
            await asyncio.sleep(_EVERY_SECONDS)
