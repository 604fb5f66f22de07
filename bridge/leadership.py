"""One bridge is active, others stand by: two at once would break the order of a device's messages.

The active one is the member of a consumer group that holds the only partition of `iiot.meta`. When a member is lost,
another gets the partition after the session timeout. The assignment is sticky, so one that joins takes nothing over.
While the group agrees anew, the active one begins nothing, so that at no time two have work in hand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

from pipeline.errors import PartitionLost
from pipeline.journal.clients import paced
from pipeline.process.logs import get_log
from pipeline.settings import Settings
from pipeline.topics import META

GROUP = "iiot-bridge"
SESSION_TIMEOUT_MS = 10_000
_HEARTBEAT_MS = 2_000
STANDSTILL_SECONDS = (SESSION_TIMEOUT_MS - 2 * _HEARTBEAT_MS) / 1000
"""The session counts from the last heartbeat, which may have been sent some time before the process froze."""
_HAND_OVER_SECONDS = 5.0


class Leadership(ConsumerRebalanceListener):  # type: ignore[misc]
    """Membership in the group of bridges."""

    def __init__(self, settings: Settings) -> None:
        self._consumer = paced(
            AIOKafkaConsumer(
                bootstrap_servers=settings.kafka_bootstrap_servers,
                group_id=GROUP,
                enable_auto_commit=False,
                auto_offset_reset="latest",
                session_timeout_ms=SESSION_TIMEOUT_MS,
                heartbeat_interval_ms=_HEARTBEAT_MS,
                rebalance_timeout_ms=SESSION_TIMEOUT_MS,
                partition_assignment_strategy=[StickyPartitionAssignor],
            )
        )
        self._elected = asyncio.Event()
        self._lost = asyncio.Event()
        self._pause: Callable[[float], Awaitable[None]] | None = None
        self._resume: Callable[[], None] | None = None
        self._log = get_log("bridge.leadership")

    async def start(self) -> None:
        """Join the group; raises aiokafka's errors when the brokers cannot be reached."""
        self._consumer.subscribe([META.name], listener=self)
        await self._consumer.start()

    async def stop(self) -> None:
        """Leave the group, so that a standby takes over at once."""
        await self._consumer.stop()

    async def elected(self) -> None:
        """Return once this bridge is the active one."""
        await self._elected.wait()

    def guard(self, pause: Callable[[float], Awaitable[None]], resume: Callable[[], None]) -> None:
        """Name the work that must rest while the group agrees anew."""
        self._pause, self._resume = pause, resume

    async def run(self) -> None:
        """Stay a member; raises PartitionLost when another bridge became the active one."""
        reading = asyncio.create_task(self._read())
        losing = asyncio.create_task(self._lost.wait())
        try:
            await asyncio.wait({reading, losing}, return_when=asyncio.FIRST_COMPLETED)
            if self._lost.is_set():
                raise PartitionLost("another bridge is the active one now")
            reading.result()
        finally:
            reading.cancel()
            losing.cancel()

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Called before the group agrees anew."""
        if self._elected.is_set() and self._pause is not None:
            await self._pause(_HAND_OVER_SECONDS)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Called with what the group agreed on for this member."""
        if assigned:
            if self._resume is not None:
                self._resume()
            if not self._elected.is_set():
                self._log.info("became_active")
            self._elected.set()
        elif self._elected.is_set():
            self._lost.set()
        else:
            self._log.info("standing_by")

    async def _read(self) -> None:
        # What the topic says does not matter here; a member that never reads is put out of the group.
        async for _ in self._consumer:
            pass
