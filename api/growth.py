"""Whether `iiot.alerts` grows while its tail stands still; and whether Kafka answers at all."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from api.alert_tail import alert_partitions
from pipeline.errors import JournalMismatch
from pipeline.journal.clients import make_reader_client
from pipeline.settings import Settings
from pipeline.topics import ALERTS

_SECONDS = 4.0


class AlertGrowth:
    """Asks Kafka for the ends of `iiot.alerts` over a connection of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: AIOKafkaConsumer | None = None
        self._partitions = range(0)
        self.ends: Mapping[int, int] = {}
        """The last answer; empty while Kafka does not answer."""

    async def probe(self) -> str | None:
        """Ask once; None if Kafka answered, else what is wrong. Takes at most a few seconds, raises nothing."""
        try:
            async with asyncio.timeout(_SECONDS):
                self.ends = await self._ask()
        except JournalMismatch as error:
            return str(error)
        except (KafkaError, OSError, TimeoutError) as error:
            self.ends = {}
            await self.close()  # a client that has seen an outage may never recover; a new one does
            return f"does not answer: {type(error).__name__}"
        return None

    async def close(self) -> None:
        """Disconnect; repeating is safe."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(_SECONDS):
                    await client.stop()

    async def _ask(self) -> Mapping[int, int]:
        if self._client is None:
            self._partitions = await alert_partitions(self._settings)
            self._client = make_reader_client(self._settings)
            await self._client.start()
        found = await self._client.end_offsets([TopicPartition(ALERTS.name, number) for number in self._partitions])
        return {tp.partition: end for tp, end in found.items()}
