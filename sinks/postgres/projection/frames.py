"""Looking into decoded events: which devices they name, and where a reading stood in its frame. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline import events
from pipeline.journal.records import Record

Decoded = Sequence[tuple[Record, events.Event]]


def devices_named(decoded: Decoded) -> set[str]:
    """The devices that must be looked up before `decide` can judge the events."""
    named: set[str] = set()
    for _, event in decoded:
        if isinstance(event, events.Readings):
            named.update([entry[0] for entry in event.entries])
        elif isinstance(event, events.StatusReported | events.CommandAnswered | events.DeviceRemoved):
            named.add(event.device_id)
        elif isinstance(event, events.DeviceDefined):
            named.add(event.device.device_id)
    return named


def places(frame: events.Readings) -> Sequence[int]:
    """The place in its frame of each reading that decoding left."""
    if not frame.refused:
        return range(len(frame.entries))
    gone = {refused.place for refused in frame.refused}
    return [place for place in range(len(frame.entries) + len(gone)) if place not in gone]
