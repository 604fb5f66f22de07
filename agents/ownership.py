"""Which partitions this worker works on, and keeping each of them going.

Faust says which partitions are ours. For each a piece of work is opened, healed up to the end, and kept; one that
fails is dropped with its memory and opened anew. What a restart must mend, ends the process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field

from aiokafka.errors import KafkaConnectionError, KafkaError

from agents.follower import Follower, Work
from pipeline.errors import JournalMismatch, NotYet, PartitionLost, PlatformError, PostgresUnavailable, UnknownVersion
from pipeline.journal.reader import StretchReader
from pipeline.journal.records import Record
from pipeline.process import metrics
from pipeline.process.logs import get_log
from pipeline.process.watchdog import Progress

_FATAL = (JournalMismatch, PartitionLost, UnknownVersion)
_EXCUSES = (KafkaConnectionError, PostgresUnavailable, NotYet)
"""Failures that a restart of this process would not mend."""
_KEEP_SECONDS = 1.0
_PULSE_SECONDS = 0.5
SESSION_SECONDS = 10.0
"""How long a silent worker keeps its partitions."""
_COMPARE_EVERY = 5
_COMPARE_SECONDS = 5.0
_UNANNOUNCED_TAILS = 6
_RETRY_SECONDS = (0.5, 1.0, 2.0, 3.0)

Owned = tuple[str, int]
OpenWork = Callable[[str, int], Awaitable[Work]]


@dataclass(slots=True)
class _Slot:
    follower: Follower | None = None
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    revoked: bool = False
    excused: bool = False
    failures: int = 0
    unannounced: int = 0


class StreamStalled(PlatformError):
    """Faust delivers nothing any more from a partition that grows; only a restart brings it back."""


class Owner:
    """The partitions of one worker."""

    def __init__(self, process: str, open_work: OpenWork, reader: StretchReader) -> None:
        self.progress = Progress(process)
        """For the watchdog: whether records are known to wait, and how many were handled."""
        self._process = process
        self._open_work = open_work
        self._reader = reader
        self._slots: dict[Owned, _Slot] = {}
        self._fatal: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._log = get_log("owner").bind(process=process)

    def assign(self, owned: Iterable[Owned]) -> None:
        """These partitions are ours now, and no others."""
        wanted = set(owned)
        self.revoke(set(self._slots) - wanted)
        for key in sorted(wanted - set(self._slots)):
            slot = self._slots[key] = _Slot()
            self._spawn(slot, self._open(key, slot))
        metrics.PARTITIONS_OWNED.set(len(self._slots))
        self._log.info("assigned", partitions=len(self._slots))

    def revoke(self, owned: Iterable[Owned]) -> None:
        """These partitions are no longer ours: their memory is dropped at once."""
        for key in owned:
            slot = self._slots.pop(key, None)
            if slot is not None:
                self._drop(slot)
                slot.revoked = True
        metrics.PARTITIONS_OWNED.set(len(self._slots))

    def revoke_all(self) -> None:
        """A rebalance begins: nothing is ours until we are told so."""
        self.revoke(list(self._slots))

    def owns(self, topic: str, partition: int) -> bool:
        """Whether the partition is ours now."""
        return (topic, partition) in self._slots

    async def receive(self, record: Record) -> None:
        """Take a delivered record; never raises: a failure drops the work, and it is opened anew."""
        slot = self._slots.get((record.topic, record.partition))
        if slot is None or slot.follower is None:
            return  # not ours or not open yet: healing reads it
        follower = slot.follower
        slot.unannounced = 0
        try:
            if not await follower.receive(record):
                self._spawn(slot, self._heal((record.topic, record.partition), slot, follower))
        except Exception as error:
            self._failed((record.topic, record.partition), slot, follower, error)

    async def run(self) -> None:
        """Keep the partitions going until cancelled; raises what only a restart or a person can mend."""
        tasks = {asyncio.create_task(self._keep_all()), asyncio.create_task(self._feel_pulse())}
        try:
            done, _ = await asyncio.wait({*tasks, self._fatal}, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        finally:
            for task in tasks:
                task.cancel()

    async def _feel_pulse(self) -> None:
        """A worker that stood still for longer than its session has lost its partitions, whatever it believes."""
        loop = asyncio.get_running_loop()
        last = loop.time()
        while True:
            await asyncio.sleep(_PULSE_SECONDS)
            stood_still, last = loop.time() - last - _PULSE_SECONDS, loop.time()
            if stood_still >= SESSION_SECONDS and not self._fatal.done():
                self._fatal.set_exception(PartitionLost(f"this worker stood still for {stood_still:.0f} s"))

    async def _keep_all(self) -> None:
        turn = 0
        while True:
            await asyncio.sleep(_KEEP_SECONDS)
            turn += 1
            for key, slot in list(self._slots.items()):
                if (follower := slot.follower) is not None:
                    try:
                        await follower.idle()
                    except Exception as error:
                        self._failed(key, slot, follower, error)
            if turn % _COMPARE_EVERY == 0:
                for topic in {topic for topic, _ in self._slots}:
                    await self._compare(topic)
            self.progress.waiting = any(
                slot.follower.heals if slot.follower is not None else not slot.excused for slot in self._slots.values()
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
            if slot is None or slot.follower is None:
                continue
            try:
                if not slot.follower.stands_still(end):
                    continue
            except Exception as error:
                self._failed((topic, partition), slot, slot.follower, error)
                continue
            slot.unannounced += 1
            self._log.warning("tail_found", topic=topic, partition=partition, in_a_row=slot.unannounced)
            if slot.unannounced >= _UNANNOUNCED_TAILS and not self._fatal.done():
                self._fatal.set_exception(StreamStalled(f"{topic}[{partition}]: Faust delivers nothing any more"))
            self._spawn(slot, self._heal((topic, partition), slot, slot.follower))

    async def close(self) -> None:
        """Drop everything and wait until no task of ours runs any more."""
        tasks = [task for slot in self._slots.values() for task in slot.tasks]
        self.revoke_all()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _open(self, key: Owned, slot: _Slot) -> None:
        while not slot.revoked:
            if slot.failures:
                await asyncio.sleep(_RETRY_SECONDS[min(slot.failures, len(_RETRY_SECONDS)) - 1])
            try:
                work = await self._open_work(*key)
            except Exception as error:
                self._note_failure("open_failed", key, slot, error)
                if self._fatal.done():
                    return
                continue
            if not slot.revoked:
                slot.follower = Follower(self._process, *key, work, self._reader, self.progress)
                self._log.info("opened", topic=key[0], partition=key[1], position=work.position)
                await self._heal(key, slot, slot.follower)
            return

    async def _heal(self, key: Owned, slot: _Slot, follower: Follower) -> None:
        try:
            await follower.heal()
            slot.failures = 0
        except Exception as error:
            self._failed(key, slot, follower, error)

    def _failed(self, key: Owned, slot: _Slot, follower: Follower, error: Exception) -> None:
        """Drop a follower whose work is void and open the partition anew; several of its tasks may say so."""
        if slot.follower is not follower:
            return
        self._drop(slot)
        self._note_failure("dropped", key, slot, error)
        if not slot.revoked and not self._fatal.done():
            self._spawn(slot, self._open(key, slot))

    def _note_failure(self, event: str, key: Owned, slot: _Slot, error: Exception) -> None:
        slot.failures += 1
        slot.excused = isinstance(error, _EXCUSES)
        self._log.warning(event, topic=key[0], partition=key[1], error=_words(error), failures=slot.failures)
        if isinstance(error, _FATAL) and not self._fatal.done():
            self._fatal.set_exception(error)

    def _drop(self, slot: _Slot) -> None:
        if slot.follower is not None:
            slot.follower.close()
            slot.follower = None

    def _spawn(self, slot: _Slot, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        slot.tasks.add(task)
        task.add_done_callback(slot.tasks.discard)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
