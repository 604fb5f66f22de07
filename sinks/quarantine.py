"""Putting into quarantine what came in over Kafka and could not be understood."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from aiokafka import AIOKafkaProducer

from pipeline.partitioning import partition_for
from pipeline.process import metrics
from pipeline.quarantine import KafkaSource, Quarantined, encode_quarantined, quarantine_key
from pipeline.topics import QUARANTINE


class Quarantine(Protocol):
    """Where it goes."""

    async def put(self, items: Sequence[Quarantined]) -> None:
        """Keep the items; they are durable on return."""


class QuarantineWriter:
    """Appends to `iiot.quarantine`; the producer is the caller's."""

    def __init__(self, producer: AIOKafkaProducer, partitions: int) -> None:
        self._producer = producer
        self._partitions = partitions

    async def put(self, items: Sequence[Quarantined]) -> None:
        """Append the items and return once Kafka has them; blocks while the brokers are away.

        Repeating appends again; the projection of the topic knows repeats by their source.
        """
        sent = []
        for item in items:
            encoded = encode_quarantined(item)
            sent.append(
                await self._producer.send(
                    QUARANTINE.name,
                    encoded.body,
                    key=quarantine_key(item),
                    partition=self._partition(item),
                    headers=list(encoded.headers),
                )
            )
        await asyncio.gather(*sent)
        for item in items:
            metrics.QUARANTINED.labels(item.by, item.reason).inc()

    def _partition(self, item: Quarantined) -> int:
        if item.device_id is not None:
            return partition_for(item.device_id, self._partitions)
        return item.source.partition % self._partitions if isinstance(item.source, KafkaSource) else 0
