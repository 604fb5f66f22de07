"""What a journal is: an id and a partition count, both fixed for its life, kept in `iiot.meta`.

Stored positions carry the id, so that they are never applied to another journal's offsets.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

import orjson
from aiokafka import AIOKafkaProducer

from pipeline.errors import JournalMismatch
from pipeline.journal.reader import StretchReader
from pipeline.topics import EVENTS, META

_KEY = b"journal"
MISSING = "the journal does not exist yet; create it with: iiot topics create"


@dataclass(frozen=True, slots=True)
class Journal:
    """A journal's identity."""

    journal_id: str
    partitions: int


async def read_journal(reader: StretchReader) -> Journal:
    """The identity of the journal in Kafka; raises JournalMismatch if there is none."""
    found = await find_journal(reader)
    if found is None:
        raise JournalMismatch(MISSING)
    return found


async def find_journal(reader: StretchReader) -> Journal | None:
    """The identity of the journal in Kafka, None before it was created."""
    end = (await reader.end_offsets(META.name, [0]))[0]
    start = await reader.beginning_offset(META.name, 0)
    found = None
    async for batch in reader.stretch(META.name, 0, start, end):
        for record in batch:
            if record.key == _KEY and record.value is not None:
                document = orjson.loads(record.value)
                # The first one counts: two creators at once must agree, and readers may have used it already.
                found = found or Journal(document["journal_id"], document["partitions"])
    return found


async def found_journal(producer: AIOKafkaProducer, partitions: int) -> None:
    """Write the identity of a new journal."""
    document = {"journal_id": str(uuid4()), "partitions": partitions, "topic": EVENTS.name}
    await producer.send_and_wait(META.name, orjson.dumps(document), key=_KEY, partition=0)
