"""Taking a partition over: a new epoch, the latest snapshot, and what a predecessor said since."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

from agents.detect.emission import Emitter
from agents.detect.partition import DetectPartition
from agents.detect.snapshot_store import SnapshotStore
from agents.detect.snapshots import Snapshot, Snapshotter, choose
from pipeline import fold
from pipeline.alert_codec import record_id
from pipeline.errors import JournalMismatch
from pipeline.journal.identity import Journal
from pipeline.journal.reader import StretchReader
from pipeline.journal.writer import JournalWriter
from pipeline.process.logs import get_log
from pipeline.topics import ALERTS
from sinks.quarantine import QuarantineWriter

_TAKE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Taker:
    """What it takes to open partitions for detection."""

    worker_id: str
    journal: Journal
    writer: JournalWriter
    reader: StretchReader
    store: SnapshotStore
    producer: AIOKafkaProducer
    quarantine: QuarantineWriter

    async def take(self, topic: str, partition: int) -> DetectPartition:
        """Take the partition; the result has folded nothing yet that its snapshot does not hold.

        Raises JournalMismatch if the snapshot belongs to another journal or lies beyond the end of this one.
        """
        async with asyncio.timeout(_TAKE_SECONDS):
            epoch = await self.writer.take_partition(partition, self.worker_id)
        snapshot = choose(self.store.read(partition), epoch, self.journal.journal_id, partition)
        if snapshot is not None and snapshot.state.position > epoch:
            raise JournalMismatch(
                f"the snapshot of {topic}[{partition}] is at {snapshot.state.position}, the journal ends at {epoch}:"
                " records are gone; to go on with the journal as it is now, run: iiot journal adopt"
            )
        found, end = await self._alerts_since(partition, snapshot)
        state = snapshot.state if snapshot is not None else fold.new_state(partition)
        get_log("detect").info(
            "taken",
            partition=partition,
            epoch=epoch,
            position=state.position,
            devices=len(state.devices),
            alerts_found=len(found),
        )
        emitter = Emitter(self.producer, partition, found, end)
        alerts_from = snapshot.alerts_end if snapshot is not None else 0
        snapshotter = Snapshotter(self.store, epoch, self.journal.journal_id, alerts_from if found else end)
        return DetectPartition(state, epoch, emitter, snapshotter, self.quarantine)

    async def _alerts_since(self, partition: int, snapshot: Snapshot | None) -> tuple[set[str], int]:
        end = (await self.reader.end_offsets(ALERTS.name, [partition]))[partition]
        oldest = await self.reader.beginning_offset(ALERTS.name, partition)
        start = max(oldest, snapshot.alerts_end if snapshot is not None else 0)
        found = set()
        async for batch in self.reader.stretch(ALERTS.name, partition, start, end):
            for record in batch:
                ident = record_id(record.headers)
                if ident is not None:
                    found.add(ident)
        return found, end
