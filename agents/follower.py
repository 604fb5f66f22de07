"""Following one partition without gaps, whatever the deliverer leaves out, repeats or stops to deliver.

Faust's delivery has holes, so it only wakes a follower: a record at or below the position is skipped, and one beyond
position + 1 means that a stretch is missing, which is read with a plain consumer. A tail that nobody announces is
found by comparing the end offset with the position now and then.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from pipeline.errors import HistoryLost
from pipeline.journal.reader import StretchReader
from pipeline.journal.records import Record
from pipeline.process import metrics
from pipeline.process.logs import get_log
from pipeline.process.watchdog import Progress

_TURN_SECONDS = 2.0
_BUFFERED = 256


class Work(Protocol):
    """What is done with a partition's records. Any exception makes the work void: it is dropped and opened anew."""

    @property
    def position(self) -> int:
        """The offset of the last record that was handled; -1 before the first."""

    async def handle(self, records: Sequence[Record]) -> None:
        """Handle records that start at position + 1 and have no gaps; moves the position."""

    async def skip_to(self, position: int) -> None:
        """Move the position over records that no longer exist."""

    async def idle(self) -> None:
        """Called about once a second between two records."""


class Follower:
    """Gives a partition's records to its work, each exactly once for the life of the work, in order."""

    def __init__(
        self, process: str, topic: str, partition: int, work: Work, reader: StretchReader, progress: Progress
    ) -> None:
        self.topic = topic
        self.partition = partition
        self.work = work
        self._process = process
        self._reader = reader
        self._progress = progress
        self._lock = asyncio.Lock()
        self._buffer: deque[Record] = deque(maxlen=_BUFFERED)
        self._healing = False
        self._closed = False
        self._seen_position = work.position
        self._log = get_log("follower").bind(process=process, topic=topic, partition=partition)

    @property
    def heals(self) -> bool:
        """Whether a stretch is being healed, so records are known to wait."""
        return self._healing

    async def receive(self, record: Record) -> bool:
        """Take a record as it was delivered; returns False if a gap must be healed first.

        Does not wait for healing: the record is buffered, or read again by `heal`.
        """
        if self._closed:
            return True
        if self._healing:
            self._buffer.append(record)
            return True
        async with self._lock:
            position = self.work.position
            if record.offset <= position or self._closed:
                return True
            if record.offset == position + 1 and not self._healing:
                await self._handle((record,))
                return True
        self._buffer.append(record)
        return False

    async def heal(self) -> None:
        """Read and handle everything up to the end of the partition; returns when nothing is missing.

        Works in turns of at most two seconds, so that partitions share the reader, and stops once closed.
        """
        if self._healing:
            return
        self._healing = True
        try:
            while not self._closed:
                end = (await self._reader.end_offsets(self.topic, [self.partition]))[self.partition]
                if self.work.position + 1 < end:
                    await self._read_turn(end)
                elif await self._drain():
                    return
        finally:
            self._healing = False

    async def idle(self) -> None:
        """Let the work do what it does between records."""
        if not self._closed and not self._lock.locked():
            async with self._lock:
                await self.work.idle()

    def stands_still(self, end: int) -> bool:
        """Whether records wait below `end` although nothing was handled since the last call, seconds ago."""
        position = self.work.position
        moved, self._seen_position = position != self._seen_position, position
        labels = (self._process, self.topic, str(self.partition))
        metrics.LAG.labels(*labels).set(max(0, end - 1 - position))
        metrics.POSITION.labels(*labels).set(position)
        return not moved and not self._healing and end > position + 1

    def close(self) -> None:
        """Stop at the next record; nothing is handled any more. Does not wait."""
        self._closed = True

    async def _handle(self, records: Sequence[Record]) -> None:
        await self.work.handle(records)
        self._progress.advance(len(records))

    async def _read_turn(self, end: int) -> None:
        metrics.STRETCHES_HEALED.labels(self._process).inc()
        start = self.work.position + 1
        deadline = asyncio.get_running_loop().time() + _TURN_SECONDS
        self._log.debug("healing", start=start, end=end)
        try:
            async with contextlib.aclosing(
                self._reader.stretch(self.topic, self.partition, start, end)  # type: ignore[type-var]
            ) as stretch:
                async for batch in stretch:
                    if self._closed:
                        return
                    async with self._lock:
                        await self._handle(batch)
                    if asyncio.get_running_loop().time() >= deadline:
                        return
        except HistoryLost as error:
            begin = await self._reader.beginning_offset(self.topic, self.partition)
            metrics.HISTORY_LOST.labels(self._process).inc()
            self._log.error("history_lost", error=str(error), first_lost=start, records=begin - start)
            async with self._lock:
                await self.work.skip_to(begin - 1)

    async def _drain(self) -> bool:
        """Handle what was delivered meanwhile; True if nothing is missing then."""
        while self._buffer:
            record = self._buffer.popleft()
            if record.offset <= self.work.position:
                continue
            if record.offset > self.work.position + 1 or self._closed:
                return False
            async with self._lock:
                await self._handle((record,))
        # No await between the last look at the buffer and this: nothing can slip in between.
        self._healing = False
        return True
