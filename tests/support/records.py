"""Kafka records as a consumer would give them, made without Kafka."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.alert_codec import encode_output
from pipeline.alerts import Output
from pipeline.codec import Encoded, Headers, encode
from pipeline.events import Event, Reading, Readings, Scalar
from pipeline.journal.records import Record
from pipeline.quarantine import Quarantined
from pipeline.topics import ALERTS, EVENTS

NOW = 1_750_000_000_000
"""2025-06-15T15:06:40Z; the time of the record with offset 0, each next is one second later."""


def event_record(event: Event, offset: int, *, partition: int = 0, at: int | None = None) -> Record:
    """Return a record of the journal."""
    return _record(EVENTS.name, encode(event), offset, partition, at)


def alert_record(output: Output, offset: int, *, partition: int = 0, at: int | None = None) -> Record:
    """Return a record of the alert topic."""
    return _record(ALERTS.name, encode_output(output), offset, partition, at)


def raw_record(
    topic: str, offset: int, headers: Headers, body: bytes | None, *, partition: int = 0, at: int | None = None
) -> Record:
    """Return a record of anything."""
    return _record(topic, Encoded(headers, body or b""), offset, partition, at)._replace(value=body)


def frame(*readings: tuple[str, int, dict[str, Scalar]]) -> Readings:
    """Return a frame of (device, ts, values)."""
    return Readings(tuple(Reading(*each) for each in readings))


class KeptQuarantine:
    """Keeps what is put into quarantine where a test can look."""

    def __init__(self) -> None:
        self.items: list[Quarantined] = []

    async def put(self, items: Sequence[Quarantined]) -> None:
        """Keep the items."""
        self.items += items

    def reasons(self) -> list[str]:
        """Return the reasons so far."""
        return [item.reason for item in self.items]


def _record(topic: str, encoded: Encoded, offset: int, partition: int, at: int | None) -> Record:
    time = NOW + offset * 1000 if at is None else at
    return Record(topic, partition, offset, time, None, encoded.headers, encoded.body)
