"""Which partitions this worker works on, and keeping each of them going.

Faust says which partitions are ours. For each a task opens its work, catches up to the end and follows; work that
fails is dropped with its memory and opened anew. What a restart must mend, ends the process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from aiokafka.errors import KafkaConnectionError, KafkaError

from agents.follower import Follower, Work
from pipeline.errors import (
    JournalMismatch,
    NotYet,
    PartitionLost,
    PlatformError,
    PostgresUnavailable,
    UnknownVersion,
)
from pipeline.journal.reader import StretchReader
from pipeline.journal.records import Record
from pipeline.process import metrics
from pipeline.process.logs import get_log
from pipeline.process.pulse import feel_pulse
from pipeline.process.watchdog import Progress

_FATAL = (JournalMismatch, PartitionLost, UnknownVersion)
_EXCUSES = (KafkaConnectionError, PostgresUnavailable, NotYet)
"""Failures that a restart of this process would not mend."""
SESSION_SECONDS = 10.0
"""How long a silent worker keeps its partitions."""
HEARTBEAT_SECONDS = 2.0
_STANDSTILL_SECONDS = SESSION_SECONDS - 2 * HEARTBEAT_SECONDS
"""The session counts from the last heartbeat, which may have been sent some time before the worker froze."""
_COMPARE_EVERY_SECONDS = 5.0
_COMPARE_SECONDS = 5.0
_UNANNOUNCED_TAILS = 6
_RETRY_SECONDS = (0.5, 1.0, 2.0, 3.0)
_LAST_RECORD_SECONDS = 30.0

Owned = tuple[str, int]
OpenWork = Callable[[str, int], Awaitable[Work]]


class StreamStalled(PlatformError):
    """Faust delivers nothing any more from a partition that grows; only a restart brings it back."""


@dataclass(slots=True)
class _Slot:
    task: asyncio.Task[None] | None = None
    follower: Follower | None = None
    revoked: bool = False
    excused: bool = False
    failures: int = 0
    unannounced: int = 0


class Owner:
    """The partitions of one worker."""

    def __init__(
        self, process: str, open_work: OpenWork, reader: StretchReader, *, linger_seconds: float = 0.0
    ) -> None:
        self.progress = Progress(process)
        """For the watchdog: whether records are known to wait, and how many were handled."""
        self._process = process
        self._open_work = open_work
        self._reader = reader
        self._linger = linger_seconds
        self._slots: dict[Owned, _Slot] = {}
        self._ending: dict[Owned, asyncio.Task[None]] = {}
        self._fatal: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._log = get_log("owner").bind(process=process)

    def assign(self, owned: Iterable[Owned]) -> None:
        """These partitions are ours now, and no others."""
        wanted = set(owned)
        self._revoke(set(self._slots) - wanted)
        for key in sorted(wanted - set(self._slots)):
            slot = self._slots[key] = _Slot()
            slot.task = asyncio.create_task(self._live(key, slot))
        metrics.PARTITIONS_OWNED.set(len(self._slots))
        self._log.info("assigned", partitions=len(self._slots))

    def revoke_all(self) -> None:
        """A rebalance begins: nothing is ours until we are told so, and the memory is dropped at once."""
        self._revoke(set(self._slots))

    def owns(self, topic: str, partition: int) -> bool:
        """Whether the partition is ours now."""
        return (topic, partition) in self._slots

    async def receive(self, record: Record) -> None:
        """Take a delivered record; never raises. What is not ours or not open yet is left to healing."""
        slot = self._slots.get((record.topic, record.partition))
        if slot is not None:
            slot.unannounced = 0
            if slot.follower is not None:
                await slot.follower.receive(record)

    async def run(self) -> None:
        """Keep the partitions going until cancelled; raises what only a restart or a person can mend."""
        tasks = {asyncio.create_task(self._compare_all()), asyncio.create_task(feel_pulse(_STANDSTILL_SECONDS))}
        try:
            done, _ = await asyncio.wait({*tasks, self._fatal}, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        finally:
            for task in tasks:
                task.cancel()

    async def close(self) -> None:
        """Drop everything and wait until no task of ours runs any more."""
        self.revoke_all()
        tasks = list(self._ending.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _revoke(self, owned: Iterable[Owned]) -> None:
        for key in owned:
            slot = self._slots.pop(key)
            slot.revoked = True
            if slot.follower is not None:
                slot.follower.close()
            if slot.task is not None:
                self._ending[key] = slot.task
        metrics.PARTITIONS_OWNED.set(len(self._slots))

    async def _live(self, key: Owned, slot: _Slot) -> None:
        """Open, follow, and open anew after a failure, until revoked."""
        if (former := self._ending.pop(key, None)) is not None:
            await asyncio.wait({former}, timeout=_LAST_RECORD_SECONDS)
        while not slot.revoked:
            try:
                work = await self._open_work(*key)
                if slot.revoked:
                    return
                follower = slot.follower = self._follow(key, work)
                self._log.info("opened", topic=key[0], partition=key[1], position=work.position)
                try:
                    await follower.run()
                finally:
                    slot.follower = None
                    if follower.handled:
                        slot.failures = 0
            except Exception as error:
                self._note_failure(key, slot, error)
                if self._fatal.done():
                    return
                await asyncio.sleep(_RETRY_SECONDS[min(slot.failures, len(_RETRY_SECONDS)) - 1])

    def _follow(self, key: Owned, work: Work) -> Follower:
        return Follower(self._process, *key, work, self._reader, self.progress, linger_seconds=self._linger)

    def _note_failure(self, key: Owned, slot: _Slot, error: Exception) -> None:
        slot.failures += 1
        slot.excused = isinstance(error, _EXCUSES)
        self._log.warning("dropped", topic=key[0], partition=key[1], error=_words(error), failures=slot.failures)
        if isinstance(error, _FATAL):
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        if not self._fatal.done():
            self._fatal.set_exception(error)

    async def _compare_all(self) -> None:
        while True:
            await asyncio.sleep(_COMPARE_EVERY_SECONDS)
            for topic in {topic for topic, _ in self._slots}:
                await self._compare(topic)
            self.progress.waiting = any(
                slot.follower.waits if slot.follower is not None else not slot.excused for slot in self._slots.values()
            )

    async def _compare(self, topic: str) -> None:
        """Find tails that nobody announced."""
        wanted = [partition for name, partition in self._slots if name == topic]
        try:
            async with asyncio.timeout(_COMPARE_SECONDS):
                ends = await self._reader.end_offsets(topic, wanted)
        except (KafkaError, TimeoutError) as error:
            self._log.warning("compare_failed", topic=topic, error=_words(error))
            return
        for partition, end in ends.items():
            slot = self._slots.get((topic, partition))
            if slot is None or slot.follower is None or not slot.follower.stands_still(end):
                continue
            slot.unannounced += 1
            self._log.warning("tail_found", topic=topic, partition=partition, in_a_row=slot.unannounced)
            if slot.unannounced >= _UNANNOUNCED_TAILS:
                self._give_up(StreamStalled(f"{topic}[{partition}]: Faust delivers nothing any more"))
            slot.follower.heal()


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
