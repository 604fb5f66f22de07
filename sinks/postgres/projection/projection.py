"""The shell of the projection: decode, decide, store rows and position in one transaction, then the caches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from pipeline.errors import StalePosition
from pipeline.journal.identity import Journal
from pipeline.journal.records import Record
from pipeline.process import metrics
from pipeline.topics import ALERTS, EVENTS, QUARANTINE
from sinks.postgres.connect import Pool, transaction
from sinks.postgres.projection.alert_topic import apply_alerts
from sinks.postgres.projection.context import Context
from sinks.postgres.projection.journal_topic import apply_journal
from sinks.postgres.projection.memory import WRITE_EVERY_SECONDS, store_seen
from sinks.postgres.projection.positions import Standing, load_standing
from sinks.postgres.projection.quarantine_topic import apply_quarantine
from sinks.quarantine import Quarantine
from sinks.redis.caches import Caches

_MAX_BYTES = 512 * 1024
"""Of record bodies in one transaction, about 20,000 values: well below the time a transaction may take."""
_APPLY = {EVENTS.name: apply_journal, ALERTS.name: apply_alerts, QUARANTINE.name: apply_quarantine}
TOPICS = tuple(_APPLY)
"""The topics that are projected."""


class Projection:
    """Projects partitions of the three topics; different partitions may be applied at the same time.

    After any exception the partition is forgotten: call `load` and go on from the position it returns. Nothing is
    then stored twice or left out.
    """

    def __init__(
        self,
        pool: Pool,
        caches: Caches | None,
        quarantine: Quarantine,
        journal: Journal,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._context = Context(pool, caches, quarantine, journal, clock)
        self._standings: dict[tuple[str, int], Standing] = {}

    async def load(self, topic: str, partition: int) -> int:
        """The offset of the last applied record, -1 if there is none; apply goes on from here.

        Raises JournalMismatch if it belongs to another journal, PostgresUnavailable within five seconds.
        """
        self._standings.pop((topic, partition), None)
        async with transaction(self._context.pool) as connection:
            standing = await load_standing(connection, topic, partition, self._context.journal)
        standing.written_at = self._context.clock()
        self._standings[topic, partition] = standing
        return standing.position

    def position(self, topic: str, partition: int) -> int:
        """The offset of the last record applied here; raises StalePosition if nothing is loaded."""
        return self._standing(topic, partition).position

    async def apply(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        """Apply records without gaps; those at or below the position are passed over. Repeating is safe.

        On return rows and position are committed, except that a position which moved past nothing that is stored may
        stay in memory for up to five seconds. Waits for Kafka while something must be put into quarantine.
        Raises StalePosition, PostgresUnavailable (within five seconds a transaction), NotYet, UnknownVersion; the
        records may then be stored in part, in whole transactions.
        """
        try:
            for chunk in chunks(records):
                standing = self._standing(topic, partition)
                fresh = [record for record in chunk if record.offset > standing.position]
                if not fresh:
                    continue
                if fresh[0].offset != standing.position + 1:
                    raise StalePosition(
                        f"{topic}[{partition}]: offset {fresh[0].offset} does not follow {standing.position}"
                    )
                await _APPLY[topic](self._context, topic, partition, standing, fresh)
                metrics.PROJECTED_RECORDS.labels(topic).inc(len(fresh))
        except BaseException:
            self._standings.pop((topic, partition), None)
            raise

    async def skip_to(self, topic: str, partition: int, position: int) -> None:
        """Move the position over records that no longer exist; raises like `apply`."""
        try:
            standing = self._standing(topic, partition)
            if position > standing.position:
                await store_seen(self._context, topic, partition, standing, replace(standing, position=position))
        except BaseException:
            self._standings.pop((topic, partition), None)
            raise

    async def flush(self, topic: str, partition: int) -> None:
        """Write what has been kept in memory for five seconds; call it every second or so. Raises like `apply`."""
        try:
            standing = self._standing(topic, partition)
            due = self._context.clock() - standing.written_at >= WRITE_EVERY_SECONDS
            if due and (standing.seen or standing.position != standing.stored):
                await store_seen(self._context, topic, partition, standing, replace(standing))
        except BaseException:
            self._standings.pop((topic, partition), None)
            raise

    def forget(self, topic: str, partition: int) -> None:
        """Drop what is kept of a partition that is no longer ours."""
        self._standings.pop((topic, partition), None)

    def _standing(self, topic: str, partition: int) -> Standing:
        standing = self._standings.get((topic, partition))
        if standing is None:
            raise StalePosition(f"{topic}[{partition}] is not loaded")
        return standing


def chunks(records: Sequence[Record]) -> Iterator[Sequence[Record]]:
    """The records in pieces of a bounded number of bytes, at least one record each."""
    start = size = 0
    for index, record in enumerate(records):
        grown = size + len(record.value or b"")
        if index > start and grown > _MAX_BYTES:
            yield records[start:index]
            start, grown = index, len(record.value or b"")
        size = grown
    if start < len(records):
        yield records[start:]
