"""What applying a batch needs, whatever the topic."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import orjson

from pipeline.journal.identity import Journal
from pipeline.journal.records import Record
from pipeline.quarantine import Quarantined
from sinks.postgres.connect import TRANSACTION_SECONDS, Pool
from sinks.postgres.projection.decoding import quarantine_record
from sinks.postgres.projection.refusals import REFUSALS, Refused, StoreRows, store_around, store_straight
from sinks.quarantine import Quarantine
from sinks.redis.caches import Caches

_CAREFUL_SECONDS = 60.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Context:
    """The servers and the journal's identity."""

    pool: Pool
    caches: Caches | None
    quarantine: Quarantine
    journal: Journal
    clock: Callable[[], float]
    """Monotonic seconds."""


async def straight_or_around(attempt: Callable[[StoreRows, float], Awaitable[T]]) -> T:
    """Run a transaction; if PostgreSQL refuses a row, once more, so that it is stored around what is refused.

    `attempt` gets the way rows are stored and the seconds it may take.
    """
    try:
        return await attempt(store_straight, TRANSACTION_SECONDS)
    except REFUSALS:
        return await attempt(store_around, _CAREFUL_SECONDS)


def refused_records(records: Sequence[Record], refused: Sequence[Refused]) -> list[Quarantined]:
    """The quarantine entries of refused rows whose last field is the offset of their record."""
    by_offset = {record.offset: record for record in records}
    first = {each.row[-1]: each for each in reversed(refused)}
    return [quarantine_record(by_offset[offset], "row_refused", each.message) for offset, each in sorted(first.items())]


def refused_values(records: Sequence[Record], refused: Sequence[Refused]) -> list[Quarantined]:
    """One quarantine entry per reading that has refused values, holding just these."""
    by_offset = {record.offset: record for record in records}
    values: dict[tuple[int, int], dict[str, object]] = {}
    said: dict[tuple[int, int], Refused] = {}
    for each in refused:
        _, key, _, number, boolean, text, _, offset, index = each.row
        values.setdefault((offset, index), {})[key] = next((v for v in (number, boolean, text) if v is not None), None)
        said.setdefault((offset, index), each)
    return [
        quarantine_record(
            by_offset[offset], "row_refused", said[offset, index].message, device_id=said[offset, index].row[0],
            index=index, raw=orjson.dumps((said[offset, index].row[0], said[offset, index].row[2], entry)),
        )
        for (offset, index), entry in values.items()
    ]  # fmt: skip
