"""Reading a stretch of a topic's partition by its offsets, outside any consumer group."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from pipeline.errors import HistoryLost
from pipeline.journal.clients import make_reader_client
from pipeline.journal.records import Record, from_consumer
from pipeline.settings import Settings

_BATCH = 200


class StretchReader:
    """Reads stretches one at a time; safe to share between tasks, which then wait for each other."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: AIOKafkaConsumer | None = None
        self._reading = asyncio.Lock()

    async def start(self) -> None:
        """Connect; raises aiokafka's errors when the brokers cannot be reached."""
        client = make_reader_client(self._settings)
        try:
            await client.start()
        except BaseException:
            await client.stop()
            raise
        self._client = client

    async def stop(self) -> None:
        """Disconnect; repeating is safe."""
        client, self._client = self._client, None
        if client is not None:
            await client.stop()

    async def end_offsets(self, topic: str, partitions: Iterable[int]) -> dict[int, int]:
        """The offset after the last record of each partition."""
        wanted = [TopicPartition(topic, partition) for partition in partitions]
        found = await self._started().end_offsets(wanted)
        return {tp.partition: offset for tp, offset in found.items()}

    async def beginning_offset(self, topic: str, partition: int) -> int:
        """The offset of the oldest record still there."""
        tp = TopicPartition(topic, partition)
        found = await self._started().beginning_offsets([tp])
        return int(found[tp])

    async def offsets_at(self, topic: str, partitions: Iterable[int], timestamp: int) -> dict[int, int]:
        """The offset of each partition's first record at `timestamp` (ms) or later, else its end."""
        wanted = {TopicPartition(topic, partition): timestamp for partition in partitions}
        found = await self._started().offsets_for_times(wanted)
        ends = await self._started().end_offsets(list(wanted))
        return {tp.partition: ends[tp] if found[tp] is None else found[tp].offset for tp in wanted}

    async def stretch(self, topic: str, partition: int, start: int, stop: int) -> AsyncIterator[list[Record]]:
        """The records with start <= offset < stop in batches, in order.

        Waits while the brokers are away. Raises HistoryLost if `start` has aged out. Offsets that compaction took
        away are not given; the stretch ends once the position has passed them.
        """
        if start >= stop:
            return
        client = self._started()
        tp = TopicPartition(topic, partition)
        async with self._reading:
            client.assign([tp])
            try:
                client.seek(tp, start)
                while True:
                    try:
                        got = await client.getmany(tp, timeout_ms=500, max_records=_BATCH)
                    except OffsetOutOfRangeError:
                        raise HistoryLost(
                            f"{topic}[{partition}]: offset {start} is no longer there; older records were deleted"
                        ) from None
                    batch = [from_consumer(record) for record in got.get(tp, ()) if record.offset < stop]
                    if batch:
                        yield batch
                    if await client.position(tp) >= stop:
                        return
            finally:
                client.unsubscribe()

    def _started(self) -> AIOKafkaConsumer:
        if self._client is None:
            raise RuntimeError("the reader is not started")
        return self._client
