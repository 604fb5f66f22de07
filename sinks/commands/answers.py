"""What a person says to an alert, and waiting for what detection makes of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TypeAlias

from pipeline.alert_codec import decode_output
from pipeline.alerts import Cause, Output
from pipeline.errors import InvalidInput
from pipeline.events import AlertAcknowledged, AlertClosed, AlertNoted, AlertUnacknowledged
from pipeline.journal.reader import StretchReader
from pipeline.partitioning import partition_for
from pipeline.topics import ALERTS, EVENTS
from sinks.commands.outbox import Outbox, put_event
from sinks.postgres.connect import Pool, transaction

Answer: TypeAlias = AlertAcknowledged | AlertUnacknowledged | AlertNoted | AlertClosed
OUTCOME_SECONDS = 5.0
_ASK_EVERY_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an answer: what detection said within the time, or None.

    `is_journaled` tells whether the answer is in the journal; if not, it is safe in the outbox and the relay writes it.
    """

    output: Output | None
    is_journaled: bool


class Answers:
    """Gives answers to alerts; each is durable once it is committed to the outbox, whatever fails after that."""

    def __init__(self, pool: Pool, outbox: Outbox, reader: StretchReader, partitions: int) -> None:
        self._pool = pool
        self._outbox = outbox
        self._reader = reader
        self._partitions = partitions

    async def give(self, answer: Answer, timeout: float = OUTCOME_SECONDS) -> Outcome:
        """Append the answer and wait at most `timeout` seconds for the outcome that names its record as the cause.

        Repeating appends again; detection then answers that nothing changed. Raises PostgresUnavailable, and then
        nothing was changed unless just the confirmation got lost; and Kafka's errors.
        """
        partition = partition_for(answer.device_id, self._partitions)
        # Detection may answer before the append is known to be done, so what it says is read from here on.
        start = (await self._reader.end_offsets(ALERTS.name, [partition]))[partition]
        async with transaction(self._pool) as connection:
            outbox_id = await put_event(connection, answer)
        offset = await self._outbox.publish_one(outbox_id)
        if offset is None:
            return Outcome(None, is_journaled=False)
        cause = Cause(EVENTS.name, partition, offset)
        try:
            async with asyncio.timeout(timeout):
                return Outcome(await self._wait(cause, start), is_journaled=True)
        except TimeoutError:
            return Outcome(None, is_journaled=True)

    async def _wait(self, cause: Cause, start: int) -> Output:
        while True:
            end = (await self._reader.end_offsets(ALERTS.name, [cause.partition]))[cause.partition]
            async for batch in self._reader.stretch(ALERTS.name, cause.partition, start, end):
                for record in batch:
                    try:
                        output = decode_output(record.headers, record.value)
                    except InvalidInput:
                        continue
                    if output.cause == cause:
                        return output
            start = max(start, end)
            await asyncio.sleep(_ASK_EVERY_SECONDS)
