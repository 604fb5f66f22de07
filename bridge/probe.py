"""Whether Kafka answers, asked by a client of its own: only then is standing still a fault of this process."""

from __future__ import annotations

import asyncio

from aiokafka.errors import KafkaError

from pipeline.journal.reader import StretchReader
from pipeline.topics import ALERTS

_EVERY_SECONDS = 5.0
_DEADLINE_SECONDS = 5.0


class KafkaProbe:
    """Asks for the ends of the alert topic every few seconds."""

    def __init__(self, reader: StretchReader, partitions: int) -> None:
        self._reader = reader
        self._partitions = range(partitions)
        self.answers = True
        self.outages = 0
        self.alert_ends: dict[int, int] = {}

    async def run(self) -> None:
        """Ask until cancelled; raises nothing while Kafka is away."""
        while True:
            await self.ask()
            await asyncio.sleep(_EVERY_SECONDS)

    async def ask(self) -> None:
        """Ask once, within some seconds."""
        try:
            async with asyncio.timeout(_DEADLINE_SECONDS):
                self.alert_ends = await self._reader.end_offsets(ALERTS.name, self._partitions)
        except (KafkaError, TimeoutError, OSError):
            if self.answers:
                self.outages += 1
            self.answers = False
        else:
            self.answers = True
