"""Records of the quarantine topic into rows: pure. Nothing here is refused again, or it would go in circles."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pipeline.errors import InvalidInput
from pipeline.instants import EARLIEST, LATEST
from pipeline.journal.records import Record
from pipeline.quarantine import KafkaSource, Quarantined, decode_quarantined, format_source
from sinks.postgres.projection.alert_rows import QuarantineRow
from sinks.postgres.projection.decoding import quarantine_record

_LARGEST_INTEGER = 2**31 - 1


def decide_quarantine(records: Sequence[Record]) -> list[QuarantineRow]:
    """The rows of the records; raises UnknownVersion. What is no quarantine record is kept as one about itself."""
    return [_row(record, _read(record)) for record in records]


def identity_of(item: Quarantined) -> str:
    """What repeats of one input have in common.

    A record of Kafka is known by its coordinates. A message of MQTT has none, so there the time of its receipt and
    its bytes stand for it.
    """
    place = "" if item.index is None else f"#{item.index}"
    if isinstance(item.source, KafkaSource):
        return format_source(item.source) + place
    return f"mqtt:{hashlib.sha256(item.source.topic + b'|' + item.raw).hexdigest()}@{item.received_at}{place}"


def _read(record: Record) -> Quarantined:
    try:
        return decode_quarantined(record.key, record.headers, record.value)
    except InvalidInput as error:
        return quarantine_record(record, error.reason, str(error))


def _row(record: Record, item: Quarantined) -> QuarantineRow:
    place = item.index if item.index is None or abs(item.index) <= _LARGEST_INTEGER else None
    return QuarantineRow(
        identity=_storable(identity_of(item)),
        reason=_storable(item.reason),
        message=_storable(item.message),
        by=_storable(item.by),
        source=_storable(format_source(item.source)),
        place=place,
        device_id=None if item.device_id is None else _storable(item.device_id),
        raw=item.raw,
        received_at=max(EARLIEST, min(LATEST, item.received_at)),
        partition=record.partition,
        offset=record.offset,
    )


def _storable(text: str) -> str:
    """Text that PostgreSQL stores and indexes, however it came."""
    return text[:500].replace("\0", "\N{SYMBOL FOR NULL}").encode(errors="replace").decode()
