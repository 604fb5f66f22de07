"""Readings whose alerts are known beforehand: each device swings over the limit once a period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pipeline.events import Reading, Readings, RuleDefined
from pipeline.partitioning import partition_for
from pipeline.rules.model import parse_rule

PERIOD = 20
RULE_ID = "too-hot"
_START = 1_700_000_000_000


def rule(version: int = 1) -> RuleDefined:
    """Opens an alert above 100."""
    conditions = {"key": "temperature", "operator": ">", "value": 100}
    return RuleDefined(
        version, RULE_ID, parse_rule({"name": "Too hot", "rule_type": "threshold", "conditions": conditions})
    )


def frames(devices: int, first: int, last: int, partitions: int, per_frame: int = 10) -> Iterator[tuple[int, Readings]]:
    """Frames with the readings numbered first <= n < last of each device, by partition, in order."""
    for start in range(first, last, per_frame):
        by_partition: dict[int, list[Reading]] = defaultdict(list)
        for number in range(start, min(start + per_frame, last)):
            for device in range(devices):
                name = f"device-{device}"
                by_partition[partition_for(name, partitions)].append(_reading(name, device, number))
        for partition, entries in sorted(by_partition.items()):
            yield partition, Readings(tuple(entries))


def transitions(devices: int, readings: int) -> set[tuple[str, str, int]]:
    """(device, transition, time) of everything that must be said of the readings 0 <= n < `readings`."""
    expected = set()
    for device in range(devices):
        name, is_open = f"device-{device}", False
        for number in range(readings):
            reading = _reading(name, device, number)
            hot = float(reading.values["temperature"]) > 100
            if hot != is_open:
                expected.add((name, "raised" if hot else "resolved", reading.ts))
                is_open = hot
    return expected


def _reading(name: str, device: int, number: int) -> Reading:
    return Reading(name, _START + number * 1000, {"temperature": 90.0 + (number + device) % PERIOD})
