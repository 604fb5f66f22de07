"""Records into what they mean. What can't be read becomes a quarantine entry; nothing is dropped without a word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from pipeline.codec import Headers
from pipeline.errors import InvalidInput
from pipeline.journal.records import Record
from pipeline.quarantine import KafkaSource, Quarantined

BY = "project"
T = TypeVar("T")
Decoder = Callable[[Headers, bytes | None], T]


def decode_records(records: Sequence[Record], decoder: Decoder[T]) -> tuple[list[tuple[Record, T]], list[Quarantined]]:
    """Decode in order; raises UnknownVersion at the first record of a newer release."""
    decoded: list[tuple[Record, T]] = []
    undecodable: list[Quarantined] = []
    for record in records:
        try:
            decoded.append((record, decoder(record.headers, record.value)))
        except InvalidInput as error:
            undecodable.append(quarantine_record(record, error.reason, str(error)))
    return decoded, undecodable


def quarantine_record(
    record: Record,
    reason: str,
    message: str,
    *,
    raw: bytes | None = None,
    device_id: str | None = None,
    index: int | None = None,
) -> Quarantined:
    """The quarantine entry of a record, or of the part of it that `raw` and `index` name; equal for each repeat."""
    return Quarantined(
        reason=reason,
        message=message,
        by=BY,
        source=KafkaSource(record.topic, record.partition, record.offset),
        received_at=record.timestamp,
        raw=(record.value or b"") if raw is None else raw,
        device_id=device_id,
        index=index,
    )
