"""What stands in Kafka since a test began."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.codec import decode
from pipeline.events import Event, Reading, Readings, Ticked
from pipeline.journal.reader import StretchReader
from pipeline.journal.records import Record
from pipeline.settings import Settings
from pipeline.topics import EVENTS


class TopicView:
    """The records of one topic from the moment of `start` on, per partition in order."""

    def __init__(self, settings: Settings, topic: str, partitions: int) -> None:
        """Remember; nothing is read before `start`."""
        self._reader = StretchReader(settings)
        self._topic = topic
        self._partitions = range(partitions)
        self._positions: dict[int, int] = {}
        self.records: list[Record] = []

    async def start(self) -> None:
        """Begin here."""
        await self._reader.start()
        self._positions = await self._reader.end_offsets(self._topic, self._partitions)

    async def stop(self) -> None:
        """Let go."""
        await self._reader.stop()

    async def refresh(self) -> list[Record]:
        """Read what was added, and return all records so far."""
        ends = await self._reader.end_offsets(self._topic, self._partitions)
        for partition, end in ends.items():
            async for batch in self._reader.stretch(self._topic, partition, self._positions[partition], end):
                self.records += batch
            self._positions[partition] = end
        return self.records


class JournalView(TopicView):
    """The journal since the test began, decoded."""

    def __init__(self, settings: Settings, partitions: int) -> None:
        """Remember; nothing is read before `start`."""
        super().__init__(settings, EVENTS.name, partitions)
        self._decoded: list[tuple[Record, Event]] = []

    async def events(self) -> list[tuple[Record, Event]]:
        """All events so far with their records."""
        records = await self.refresh()
        self._decoded += [(record, decode(record.headers, record.value)) for record in records[len(self._decoded) :]]
        return self._decoded

    async def readings(self, prefix: str) -> list[Reading]:
        """All readings so far of devices whose id begins so."""
        return list(readings_in(await self.events(), prefix))

    async def ticks(self, partition: int = 0) -> list[Record]:
        """The ticks of one partition so far."""
        events = await self.events()
        return [record for record, event in events if isinstance(event, Ticked) and record.partition == partition]


def readings_in(events: list[tuple[Record, Event]], prefix: str) -> Iterator[Reading]:
    """The readings among events of devices whose id begins so."""
    for _, event in events:
        if isinstance(event, Readings):
            yield from (reading for reading in event.entries if reading.device_id.startswith(prefix))
