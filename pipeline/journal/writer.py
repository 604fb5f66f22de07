"""Appending events to the journal. What a call returns from is durable; repeating a call appends again."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaProducer

from pipeline.codec import Encoded, encode
from pipeline.events import BROADCASTS, BroadcastEvent, DeviceEvent, PartitionTaken, Readings, device_of
from pipeline.partitioning import partition_for
from pipeline.topics import EVENTS


class JournalWriter:
    """Puts each event where it belongs: a device's into its partition, a broadcast into all."""

    def __init__(self, producer: AIOKafkaProducer, partitions: int) -> None:
        self._producer = producer
        self.partitions = partitions

    async def append(self, event: DeviceEvent | BroadcastEvent) -> None:
        """Append an event where it belongs and wait until Kafka has it; blocks while the brokers are away."""
        encoded = encode(event)
        if isinstance(event, BROADCASTS):
            await self.append_encoded(range(self.partitions), encoded)
        else:
            device_id = device_of(event)
            await self.append_encoded([partition_for(device_id, self.partitions)], encoded, device_id.encode())

    async def append_frame(self, partition: int, frame: Readings) -> int:
        """Append a frame to its partition and return its offset."""
        return (await self.append_encoded([partition], encode(frame)))[0]

    async def take_partition(self, partition: int, worker_id: str) -> int:
        """Append `partition_taken` and return its offset, the epoch."""
        return (await self.append_encoded([partition], encode(PartitionTaken(worker_id))))[0]

    async def append_encoded(
        self, partitions: range | list[int], encoded: Encoded, key: bytes | None = None
    ) -> list[int]:
        """Append an encoded event to each of the partitions; returns the offsets once all are durable."""
        sent = [
            await self._producer.send(
                EVENTS.name, encoded.body, key=key, partition=partition, headers=list(encoded.headers)
            )
            for partition in partitions
        ]
        return [metadata.offset for metadata in await asyncio.gather(*sent)]
