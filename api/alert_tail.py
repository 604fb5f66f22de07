"""Following `iiot.alerts` from its end, so that each API process serves its own clients."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from pipeline.alert_codec import decode_output
from pipeline.alerts import Output
from pipeline.errors import InvalidInput, JournalMismatch
from pipeline.journal.clients import make_reader_client
from pipeline.journal.identity import read_journal
from pipeline.journal.reader import StretchReader
from pipeline.journal.records import Record, from_consumer
from pipeline.process import metrics
from pipeline.process.logs import get_log
from pipeline.settings import Settings
from pipeline.topics import ALERTS

Deliver = Callable[[Output, str], Awaitable[None]]
"""Takes an output and its cursor, "partition:offset"."""

_BACK_OFF_SECONDS = (0.5, 1.0, 2.0, 5.0)
_POLL_MS = 500
_MOST_RECORDS = 500


class AlertTail:
    """Delivers each record once, in order per partition. Positions live in memory: a start begins at the end.

    After an outage of Kafka it goes on where it was, so connected clients miss nothing.
    """

    def __init__(self, settings: Settings, deliver: Deliver) -> None:
        self._settings = settings
        self._deliver = deliver
        self._log = get_log("alert_tail")
        self.positions: dict[int, int] = {}
        """The next offset of each partition."""
        self.delivered = 0

    async def run(self) -> None:
        """Follow until cancelled; raises UnknownVersion when a newer release has written, nothing else."""
        failures = 0
        while True:
            before = self.delivered
            try:
                await self._follow()
            except (KafkaError, JournalMismatch, OSError, TimeoutError) as error:
                failures = 0 if self.delivered > before else failures + 1
                pause = _BACK_OFF_SECONDS[min(failures, len(_BACK_OFF_SECONDS) - 1)]
                self._log.warning("tail_interrupted", error=f"{type(error).__name__}: {error}", again_in_seconds=pause)
                await asyncio.sleep(pause)

    def is_behind(self, ends: Mapping[int, int]) -> bool:
        """Whether records before these end offsets were not delivered yet, or the tail does not follow at all."""
        return any(self.positions.get(partition, -1) < end for partition, end in ends.items())

    async def _follow(self) -> None:
        client = make_reader_client(self._settings)
        try:
            await client.start()
            await self._seek(client)
            self._log.info("following", topic=ALERTS.name, partitions=len(self.positions))
            while True:
                try:
                    got = await client.getmany(timeout_ms=_POLL_MS, max_records=_MOST_RECORDS)
                except OffsetOutOfRangeError as error:
                    await self._restart(client, error)
                    continue
                for tp, records in got.items():
                    for record in records:
                        await self._take(from_consumer(record))
                        self.positions[tp.partition] = record.offset + 1
        finally:
            with contextlib.suppress(KafkaError):
                await client.stop()

    async def _seek(self, client: AIOKafkaConsumer) -> None:
        assigned = [TopicPartition(ALERTS.name, number) for number in await alert_partitions(self._settings)]
        client.assign(assigned)
        ends = await client.end_offsets(assigned)
        for tp in assigned:
            client.seek(tp, self.positions.setdefault(tp.partition, ends[tp]))

    async def _restart(self, client: AIOKafkaConsumer, error: OffsetOutOfRangeError) -> None:
        """The topic was made anew, or what was to come next has aged out: go on with the oldest there is."""
        lost = [tp for tp in error.args[0] if isinstance(tp, TopicPartition)]
        starts = await client.beginning_offsets(lost)
        for tp in lost:
            metrics.HISTORY_LOST.labels("api").inc()
            self._log.error("history_lost", partition=tp.partition, position=self.positions[tp.partition])
            self.positions[tp.partition] = starts[tp]
            client.seek(tp, starts[tp])

    async def _take(self, record: Record) -> None:
        try:
            output = decode_output(record.headers, record.value)
        except InvalidInput as error:
            # Its projection puts it into quarantine; here it is only passed.
            self._log.warning("alert_skipped", partition=record.partition, offset=record.offset, error=str(error))
        else:
            await self._deliver(output, f"{record.partition}:{record.offset}")
        self.delivered += 1


async def alert_partitions(settings: Settings) -> range:
    """The partitions of `iiot.alerts`: as many as the journal has. Raises JournalMismatch before there is one."""
    reader = StretchReader(settings)
    await reader.start()
    try:
        return range((await read_journal(reader)).partitions)
    finally:
        await reader.stop()
