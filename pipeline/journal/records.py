"""A Kafka record as the rest of the platform sees it."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from pipeline.codec import Headers


class Record(NamedTuple):
    """One record with its coordinates; `timestamp` is the broker's append time in milliseconds."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    headers: Headers
    value: bytes | None


class _ConsumerRecord(Protocol):
    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    headers: Headers
    value: bytes | None


def from_consumer(record: _ConsumerRecord) -> Record:
    """The record of an aiokafka consumer as ours."""
    return Record(
        record.topic,
        record.partition,
        record.offset,
        record.timestamp,
        record.key,
        tuple(record.headers),
        record.value,
    )
