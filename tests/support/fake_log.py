"""A partition in memory: what `StretchReader` offers a follower, without Kafka.

`tests/contract/test_readers.py` holds it and the real reader to the same behaviour.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

from pipeline.errors import HistoryLost
from pipeline.journal.reader import StretchReader
from pipeline.journal.records import Record


def record(offset: int, topic: str = "t", partition: int = 0) -> Record:
    return Record(topic, partition, offset, 1_700_000_000_000 + offset, None, (), str(offset).encode())


class FakeReader(StretchReader):
    """Reads from a list; `begin` is the oldest offset that is still there, `end` the one after the newest."""

    def __init__(self, end: int, begin: int = 0, batch: int = 3) -> None:
        self.end = end
        self.begin = begin
        self._batch_size = batch

    async def end_offsets(self, topic: str, partitions: Iterable[int]) -> dict[int, int]:
        await asyncio.sleep(0)
        return dict.fromkeys(partitions, self.end)

    async def beginning_offset(self, topic: str, partition: int) -> int:
        await asyncio.sleep(0)
        return self.begin

    async def stretch(self, topic: str, partition: int, start: int, stop: int) -> AsyncIterator[list[Record]]:
        if start < self.begin < stop:
            raise HistoryLost(f"{topic}[{partition}]: offset {start} is no longer there")
        for first in range(start, stop, self._batch_size):
            await asyncio.sleep(0)
            yield [record(offset, topic, partition) for offset in range(first, min(first + self._batch_size, stop))]
