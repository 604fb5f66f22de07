"""A journal of the test's own: topics are made anew, and read back as they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from pipeline.alert_codec import decode_output
from pipeline.alerts import AlertEvent, Output
from pipeline.errors import InvalidInput
from pipeline.journal.clients import make_admin, make_producer
from pipeline.journal.creation import create_topics
from pipeline.journal.identity import Journal
from pipeline.journal.reader import StretchReader
from pipeline.journal.records import Record
from pipeline.journal.writer import JournalWriter
from pipeline.settings import Settings
from pipeline.topics import ALERTS, TOPICS
from tests.support.waiting import wait_until


async def fresh_journal(settings: Settings) -> Journal:
    """Delete every topic of the platform and create the topics again.

    Consumer groups stay, with offsets that mean nothing any more: nothing may rest on them.
    """
    admin = make_admin(settings)
    await admin.start()
    try:
        names = {topic.name for topic in TOPICS}
        existing = [name for name in await admin.list_topics() if name in names]
        if existing:
            await admin.delete_topics(existing)

        async def gone() -> bool:
            return not names & set(await admin.list_topics())

        await wait_until(gone, 30, "the old topics to be gone")
    finally:
        await admin.close()
    return await create_topics(settings)


async def read_topic(settings: Settings, topic: str, partitions: int = 8) -> list[Record]:
    """Everything that stands in a topic now, partition by partition."""
    reader = StretchReader(settings)
    await reader.start()
    try:
        ends = await reader.end_offsets(topic, range(partitions))
        return [
            record
            for partition, end in sorted(ends.items())
            async for batch in reader.stretch(topic, partition, await reader.beginning_offset(topic, partition), end)
            for record in batch
        ]
    finally:
        await reader.stop()


async def read_outputs(settings: Settings) -> list[Output]:
    """Everything detection has said so far, in the order of each partition; garbage is passed over."""
    found = []
    for record in await read_topic(settings, ALERTS.name):
        with suppress(InvalidInput):
            found.append(decode_output(record.headers, record.value))
    return found


def distinct(outputs: list[Output]) -> dict[tuple[str, int], AlertEvent]:
    """Alert events by alert and sequence; AssertionError if a repeat is not identical."""
    found: dict[tuple[str, int], AlertEvent] = {}
    for output in outputs:
        if isinstance(output, AlertEvent):
            ident = (output.alert_id, output.sequence)
            assert found.setdefault(ident, output) == output, f"a repeat of {ident} differs"
    return found


@asynccontextmanager
async def journal_writer(settings: Settings, journal: Journal) -> AsyncIterator[JournalWriter]:
    """A writer with a producer of its own."""
    producer = make_producer(settings)
    await producer.start()
    try:
        yield JournalWriter(producer, journal.partitions)
    finally:
        await asyncio.wait_for(producer.stop(), 30)
