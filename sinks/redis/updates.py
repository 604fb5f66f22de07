"""The messages on the channel `iiot:updates`: what those who watch see move. They may be missed.

One JSON object: `{"telemetry": [[device_id, ts, {key: value}], …], "devices": [device, …]}`; either may be absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from pipeline.errors import InvalidInput
from pipeline.events import Scalar

CHANNEL = "iiot:updates"
MAX_DEVICES = 500
"""Of one message; more go in several."""


@dataclass(frozen=True, slots=True)
class TelemetryUpdate:
    """The newest values of a device in a batch; `ts` is the newest time among them, in milliseconds."""

    device_id: str
    ts: int
    values: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Updates:
    """What one message says; `devices` are device documents as the cache holds them."""

    telemetry: Sequence[TelemetryUpdate] = ()
    devices: Sequence[Mapping[str, Any]] = ()


def encode_updates(updates: Updates) -> list[bytes]:
    """The messages for the channel; none if nothing moved."""
    messages = []
    for start in range(0, max(len(updates.telemetry), len(updates.devices)), MAX_DEVICES):
        message: dict[str, Any] = {}
        if telemetry := updates.telemetry[start : start + MAX_DEVICES]:
            message["telemetry"] = [(each.device_id, each.ts, each.values) for each in telemetry]
        if devices := updates.devices[start : start + MAX_DEVICES]:
            message["devices"] = devices
        messages.append(orjson.dumps(message))
    return messages


def decode_updates(message: bytes) -> Updates:
    """Read a message; raises InvalidInput (reason `undecodable`)."""
    try:
        body = orjson.loads(message)
        return Updates(
            tuple(TelemetryUpdate(device_id, ts, values) for device_id, ts, values in body.get("telemetry", ())),
            tuple(body.get("devices", ())),
        )
    except (ValueError, TypeError, AttributeError):
        raise InvalidInput("undecodable", "the message is no update") from None
