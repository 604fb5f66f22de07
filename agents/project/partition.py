"""One partition of a projected topic, as work for a follower."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.errors import JournalMismatch
from pipeline.journal.reader import StretchReader
from pipeline.journal.records import Record
from sinks.postgres.projection import Projection


@dataclass(frozen=True, slots=True)
class ProjectPartition:
    """Applies records; rows and position move together, so an exception at any point loses and doubles nothing."""

    projection: Projection
    topic: str
    partition: int

    @property
    def position(self) -> int:
        """The offset of the last record that is applied."""
        return self.projection.position(self.topic, self.partition)

    async def handle(self, records: Sequence[Record]) -> None:
        """Apply records that follow the position."""
        await self.projection.apply(self.topic, self.partition, records)

    async def skip_to(self, position: int) -> None:
        """Go on behind records that no longer exist."""
        await self.projection.skip_to(self.topic, self.partition, position)

    async def idle(self) -> None:
        """Write what moved without rows."""
        await self.projection.flush(self.topic, self.partition)


@dataclass(frozen=True, slots=True)
class Opener:
    """Opens partitions at their stored position."""

    projection: Projection
    reader: StretchReader

    async def open(self, topic: str, partition: int) -> ProjectPartition:
        """Load the position; raises JournalMismatch if the topic ends before it."""
        position = await self.projection.load(topic, partition)
        end = (await self.reader.end_offsets(topic, [partition]))[partition]
        if position >= end:
            raise JournalMismatch(
                f"PostgreSQL is at offset {position} of {topic}[{partition}], which ends at {end}: records are gone;"
                " to go on with the journal as it is now, run: iiot journal adopt"
            )
        return ProjectPartition(self.projection, topic, partition)
