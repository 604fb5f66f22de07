"""One partition of the journal, folded: the only place where detection's state, alerts and snapshots meet.

New states replace the old ones only after their alerts are durable. Any exception in between makes this object void:
its owner drops it and takes the partition anew.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from agents.detect.emission import Emitter
from agents.detect.snapshots import Snapshotter
from pipeline import fold
from pipeline.codec import decode
from pipeline.errors import InvalidInput, PartitionLost
from pipeline.events import Event, PartitionTaken, Readings
from pipeline.journal.records import Record
from pipeline.process import metrics
from pipeline.process.logs import get_log
from pipeline.quarantine import KafkaSource, Quarantined
from sinks.quarantine import QuarantineWriter

_QUARANTINE_SECONDS = 10.0
_FATES = ("applied", "late", "too_late", "duplicate", "ignored", "forgotten")
_COUNTED = {fate: metrics.FOLDED_READINGS.labels(fate) for fate in _FATES}


class DetectPartition:
    """The work of detection on one partition."""

    def __init__(
        self, state: fold.State, epoch: int, emitter: Emitter, snapshotter: Snapshotter, quarantine: QuarantineWriter
    ) -> None:
        self._state = state
        self._epoch = epoch
        self._emitter = emitter
        self._snapshotter = snapshotter
        self._quarantine = quarantine
        self._log = get_log("detect").bind(partition=state.partition, epoch=epoch)

    @property
    def position(self) -> int:
        """The offset of the last record that is folded."""
        return self._state.position

    async def handle(self, records: Sequence[Record]) -> None:
        """Fold records one by one; raises what makes this object void."""
        for record in records:
            await self._fold(record)
            if self._snapshotter.is_due(time.monotonic()):
                await self._snapshot()

    async def skip_to(self, position: int) -> None:
        """Go on behind records that aged out: what they would have raised is lost, and was said so."""
        self._state.position = position

    async def idle(self) -> None:
        """Write a snapshot if it is time."""
        if self._snapshotter.is_due(time.monotonic()):
            await self._snapshot()

    async def _fold(self, record: Record) -> None:
        event = await self._decode(record)
        if isinstance(event, PartitionTaken) and record.offset > self._epoch:
            raise PartitionLost(f"{record.topic}[{record.partition}] was taken at {record.offset} by {event.worker_id}")
        step = fold.step(self._state, record.offset, record.timestamp, event)
        if step.outputs:
            await self._emitter.emit(step.outputs)
        fold.apply(self._state, step)
        self._snapshotter.note(step)
        if record.offset >= self._epoch:
            self._emitter.forget_found()
        metrics.FOLDED_EVENTS.inc()
        for fate in _FATES:
            count = getattr(step.tally, fate)
            if count:
                _COUNTED[fate].inc(count)

    async def _decode(self, record: Record) -> Event | None:
        try:
            event = decode(record.headers, record.value)
        except InvalidInput as error:
            self._log.warning("undecodable", offset=record.offset, error=str(error))
            await self._put_away(record, error.reason, str(error), record.value or b"", None)
            return None
        if isinstance(event, Readings) and event.refused:
            self._log.warning("entries_refused", offset=record.offset, count=len(event.refused))
            for refused in event.refused:
                await self._put_away(record, "no_reading", "the entry is no reading", refused.raw, refused.place)
        return event

    async def _put_away(self, record: Record, reason: str, message: str, raw: bytes, index: int | None) -> None:
        source = KafkaSource(record.topic, record.partition, record.offset)
        item = Quarantined(reason, message, "detect", source, record.timestamp, raw, index=index)
        async with asyncio.timeout(_QUARANTINE_SECONDS):
            await self._quarantine.put([item])

    async def _snapshot(self) -> None:
        try:
            with metrics.SNAPSHOT_SECONDS.time():
                await self._snapshotter.write(self._state, self._emitter, time.monotonic())
        except Exception as error:
            # Without a snapshot more is folded again after a restart, nothing else.
            self._log.warning("snapshot_failed", error=f"{type(error).__name__}: {error}"[:300])
