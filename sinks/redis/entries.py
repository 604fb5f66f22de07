"""What is cached: keys, lifetimes, bodies.

Every body is JSON and begins with `{"as_of":N`. N only grows for a key: the time of the value in milliseconds for
telemetry and stats, the Kafka offset for a device and its alerts, the number of rule versions ever for the rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from pipeline.events import Scalar

RULES_KEY = "rules:active"
DEVICE_SECONDS = 300
TELEMETRY_SECONDS = 60
RULES_SECONDS = 600
ALERTS_SECONDS = 180
STATS_SECONDS = 120


class Entry(NamedTuple):
    """One key to set, unless it holds something as new."""

    key: str
    as_of: int
    seconds: int
    body: str


def device_key(device_id: str) -> str:
    """Where a device is cached."""
    return f"device:{device_id}"


def telemetry_key(device_id: str, key: str) -> str:
    """Where the newest value of a device's key is cached."""
    return f"telemetry:{device_id}:{key}"


def alerts_key(device_id: str) -> str:
    """Where a device's recent alerts are cached."""
    return f"alerts:recent:{device_id}"


def stats_key(name: str) -> str:
    """Where a number is cached."""
    return f"stats:{name}"


def device_entry(document: Mapping[str, Any], as_of: int) -> Entry:
    """A device: its document under `device`. A removed one says so: an old copy must not come back."""
    return _entry(device_key(document["device_id"]), as_of, DEVICE_SECONDS, {"device": document})


def telemetry_entries(device_id: str, values: Mapping[str, Scalar], stamps: Mapping[str, int]) -> list[Entry]:
    """The newest values of a device: each `value` with its `ts` in milliseconds."""
    prefix, dumps = f"telemetry:{device_id}:", orjson.dumps
    return [
        Entry(prefix + key, stamps[key], TELEMETRY_SECONDS,
              f'{{"as_of":{stamps[key]},"ts":{stamps[key]},"value":{dumps(value).decode()}}}')
        for key, value in values.items()
    ]  # fmt: skip


def rules_entry(documents: Sequence[Mapping[str, Any]], versions: int) -> Entry:
    """All enabled rules, under `rules`."""
    return _entry(RULES_KEY, versions, RULES_SECONDS, {"rules": documents})


def alerts_entry(device_id: str, documents: Sequence[Mapping[str, Any]], as_of: int) -> Entry:
    """The newest alerts of a device, newest first, under `alerts`."""
    return _entry(alerts_key(device_id), as_of, ALERTS_SECONDS, {"alerts": documents})


def stats_entry(name: str, value: float | None, as_of: int) -> Entry:
    """A number, under `value`."""
    return _entry(stats_key(name), as_of, STATS_SECONDS, {"value": value})


def _entry(key: str, as_of: int, seconds: int, body: Mapping[str, Any]) -> Entry:
    return Entry(key, as_of, seconds, orjson.dumps({"as_of": as_of, **body}).decode())
