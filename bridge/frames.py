"""Grouping what came in into Kafka records: frames for readings, records of their own for the rest. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from bridge.mapping import Outcome
from pipeline.codec import MAX_BODY_BYTES, Encoded, encode, encode_frame, encode_reading
from pipeline.events import Reading
from pipeline.partitioning import partition_for
from pipeline.quarantine import Quarantined, encode_quarantined, quarantine_key
from pipeline.topics import EVENTS, QUARANTINE

MAX_ENTRIES = 1000


class Append(NamedTuple):
    """One record to append; without a partition the key decides."""

    topic: str
    partition: int | None
    key: bytes | None
    encoded: Encoded


def group(outcomes: Iterable[Outcome], partitions: int) -> list[Append]:
    """Group outcomes into records. Within each partition of the journal the records keep the outcomes' order.

    Frames hold at most 1,000 readings and 512 KiB.
    """
    appends: list[Append] = []
    frames: dict[int, _Frame] = {}
    for outcome in outcomes:
        if isinstance(outcome, Reading):
            partition = partition_for(outcome.device_id, partitions)
            part = encode_reading(outcome)
            frame = frames.get(partition)
            if frame is not None and not frame.has_room(part):
                appends.append(_closed(frames.pop(partition)))
                frame = None
            if frame is None:
                frame = frames[partition] = _Frame(partition)
            frame.add(part)
        elif isinstance(outcome, Quarantined):
            appends.append(Append(QUARANTINE.name, None, quarantine_key(outcome), encode_quarantined(outcome)))
        else:
            partition = partition_for(outcome.device_id, partitions)
            frame = frames.pop(partition, None)
            if frame is not None:
                appends.append(_closed(frame))
            appends.append(Append(EVENTS.name, partition, outcome.device_id.encode(), encode(outcome)))
    appends.extend(map(_closed, frames.values()))
    return appends


class _Frame:
    __slots__ = ("_size", "partition", "parts")

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.parts: list[bytes] = []
        self._size = 2

    def has_room(self, part: bytes) -> bool:
        return len(self.parts) < MAX_ENTRIES and self._size + len(part) + 1 <= MAX_BODY_BYTES

    def add(self, part: bytes) -> None:
        self.parts.append(part)
        self._size += len(part) + 1


def _closed(frame: _Frame) -> Append:
    return Append(EVENTS.name, frame.partition, None, encode_frame(frame.parts))
