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
_IDLE_SECONDS = 1.0
_ROOM_BYTES = 4 * 2**20
_ROOM_SECONDS = 2.0
_BATCH = 256
_BATCH_BYTES = 2**20


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
    """Gives a partition's records to its work, each exactly once for the life of the work, in order, from one task."""

    def __init__(
        self,
        process: str,
        topic: str,
        partition: int,
        work: Work,
        reader: StretchReader,
        progress: Progress,
        *,
        linger_seconds: float = 0.0,
    ) -> None:
        """`linger_seconds`: the least time between two batches, for work to which fewer, larger ones are cheaper."""
        self.topic = topic
        self.partition = partition
        self.work = work
        self.handled = 0
        self._process = process
        self._reader = reader
        self._progress = progress
        self._linger = linger_seconds
        self._buffer: deque[Record] = deque()
        self._buffered = 0
        self._room = asyncio.Event()
        self._awake = asyncio.Event()
        self._healing = True
        self._closed = False
        self._position = self._seen_position = work.position
        self._log = get_log("follower").bind(process=process, topic=topic, partition=partition)

    @property
    def waits(self) -> bool:
        """Whether records are known to wait for the work."""
        return self._healing or bool(self._buffer)

    async def receive(self, record: Record) -> None:
        """Take a record as it was delivered. Waits a moment for room; a record that finds none is read again later.

        While healing nothing waits, for healing reads on to the end anyway, and other partitions are behind this one.
        """
        if record.offset <= self._position or self._closed:
            return
        if self._buffered >= _ROOM_BYTES and not self._healing:
            self._room.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_ROOM_SECONDS):
                    await self._room.wait()
        if self._buffered < _ROOM_BYTES and not self._closed:
            self._buffer.append(record)
            self._buffered += len(record.value or b"")
            self._awake.set()

    async def run(self) -> None:
        """Catch up with the end, then handle what is delivered, until closed. Raises what the work raises."""
        loop = asyncio.get_running_loop()
        idle_at = loop.time() + _IDLE_SECONDS
        not_before = loop.time()
        while not self._closed:
            if self._healing:
                await self._heal()
            elif loop.time() < not_before:
                await asyncio.sleep(not_before - loop.time())
            elif batch := self._next_batch():
                await self._handle(batch)
                not_before = loop.time() + self._linger
            else:
                await self._sleep(idle_at - loop.time())
            if loop.time() >= idle_at and not self._closed:
                await self.work.idle()
                idle_at = loop.time() + _IDLE_SECONDS

    def stands_still(self, end: int) -> bool:
        """Whether records wait below `end` although nothing was handled since the last call, seconds ago."""
        position = self._position
        moved, self._seen_position = position != self._seen_position, position
        labels = (self._process, self.topic, str(self.partition))
        metrics.LAG.labels(*labels).set(max(0, end - 1 - position))
        metrics.POSITION.labels(*labels).set(position)
        return not moved and not self.waits and end > position + 1

    def heal(self) -> None:
        """Read on up to the end, whatever is delivered or not."""
        self._healing = True
        self._awake.set()

    def close(self) -> None:
        """Handle nothing more; `run` ends before its next record. Does not wait."""
        self._closed = True
        self._awake.set()
        self._room.set()

    async def _sleep(self, seconds: float) -> None:
        self._awake.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds)):
                await self._awake.wait()

    def _next_batch(self) -> list[Record]:
        """Delivered records that follow the position without a gap; at a gap, healing is due."""
        expected = self._position + 1
        batch: list[Record] = []
        size = 0
        while self._buffer and len(batch) < _BATCH and size < _BATCH_BYTES:
            record = self._buffer[0]
            if record.offset > expected:
                self._healing = not batch
                break
            self._buffer.popleft()
            self._buffered -= len(record.value or b"")
            if record.offset == expected:
                batch.append(record)
                size += len(record.value or b"")
                expected += 1
        if self._buffered < _ROOM_BYTES:
            self._room.set()
        return batch

    async def _heal(self) -> None:
        """One turn of reading up to the end, of at most two seconds, so that partitions share the reader."""
        end = (await self._reader.end_offsets(self.topic, [self.partition]))[self.partition]
        start = self._position + 1
        if start >= end:
            self._healing = False
            return
        metrics.STRETCHES_HEALED.labels(self._process).inc()
        self._log.debug("healing", start=start, end=end)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _TURN_SECONDS
        try:
            stretch = self._reader.stretch(self.topic, self.partition, start, end)
            async with contextlib.aclosing(stretch):  # type: ignore[type-var]
                async for batch in stretch:
                    if self._closed:
                        return
                    await self._handle(batch)
                    if loop.time() >= deadline:
                        return
        except HistoryLost as error:
            begin = await self._reader.beginning_offset(self.topic, self.partition)
            metrics.HISTORY_LOST.labels(self._process).inc()
            self._log.error("history_lost", error=str(error), first_lost=start, records=begin - start)
            await self.work.skip_to(begin - 1)
            self._position = begin - 1

    async def _handle(self, records: Sequence[Record]) -> None:
        await self.work.handle(records)
        self._position = self.work.position
        self.handled += len(records)
        self._progress.advance(len(records))
