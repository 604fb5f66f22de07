"""Where snapshots are kept: a Faust table on RocksDB, written past Faust's own slow path.

Faust assigns the table's partitions with the journal's and recovers them from the changelog. Writing goes straight to
the changelog topic and, once that is durable, to the local store, which is a cache of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from faust.types import TP

from pipeline.topics import SNAPSHOTS

Item = tuple[bytes, bytes | None]
"""A key with its value; None deletes it."""
_DURABLE_SECONDS = 20.0
_AT_ONCE = 500
_OFFSET_KEY = b"__faust\0offset__"


class SnapshotStore:
    """Keys and values of one worker's partitions."""

    def __init__(self, table: Any, producer: AIOKafkaProducer) -> None:
        self._table = table
        self._producer = producer

    def read(self, partition: int) -> Iterator[tuple[bytes, bytes]]:
        """Everything that is stored for a partition, ordered by key."""
        for key, value in self._db(partition).items():
            if key != _OFFSET_KEY:
                yield key, value

    async def write(self, partition: int, items: Sequence[Item]) -> None:
        """Make items durable in their order; raises TimeoutError or Kafka's errors, and then any part may be.

        The last item is sent after all others are durable.
        """
        if not items:
            return
        async with asyncio.timeout(_DURABLE_SECONDS):
            for some in _batched(items[:-1], _AT_ONCE):
                await asyncio.gather(*[await self._send(partition, item) for item in some])
            last = await (await self._send(partition, items[-1]))
        db = self._db(partition)
        for key, value in items:
            if value is None:
                db.delete(key)
            else:
                db.put(key, value)
        self._table.data.set_persisted_offset(TP(SNAPSHOTS.name, partition), last.offset)

    async def _send(self, partition: int, item: Item) -> asyncio.Future[Any]:
        key, value = item
        return await self._producer.send(SNAPSHOTS.name, value, key=key, partition=partition)  # type: ignore[no-any-return]

    def _db(self, partition: int) -> Any:
        # The store's only public way in needs a Faust event to know the partition.
        return self._table.data._db_for_partition(partition)  # noqa: SLF001


def _batched(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """The items in pieces of at most `size`."""
    return (items[start : start + size] for start in range(0, len(items), size))
