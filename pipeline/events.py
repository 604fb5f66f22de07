"""The journal's events: what has happened, in the past tense. Everything stored is a consequence of these.

Each event knows where it belongs: to one device's partition, or, if it concerns all devices, to every partition.
Instants are milliseconds since the epoch (`pipeline.instants`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from pipeline.policy import Policy
from pipeline.rules.base import Severity
from pipeline.rules.model import Rule
from pipeline.selector import Selector

Scalar: TypeAlias = float | int | bool | str


class Reading(NamedTuple):
    """What one device measured at one instant; all keys apply together."""

    device_id: str
    ts: int
    values: Mapping[str, Scalar]


class RefusedEntry(NamedTuple):
    """An entry of a frame that is no reading: its place in the frame, and its JSON."""

    place: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Readings:
    """A frame: readings of devices of one partition, in the order of their arrival.

    `refused` is set only by decoding: entries that are no readings, so that one of them never costs its frame.
    """

    entries: tuple[Reading, ...]
    refused: tuple[RefusedEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class StatusReported:
    """A device, or the broker in its name, said how it is."""

    device_id: str
    ts: int
    status: str
    details: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CommandAnswered:
    """A device answered a command; `body` is its JSON answer as it came."""

    device_id: str
    ts: int
    command_id: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time passed while the bridge was connected and had nothing queued."""

    interval_ms: int


@dataclass(frozen=True, slots=True)
class PartitionTaken:
    """A detection worker took the partition; the offset of this record is its epoch."""

    worker_id: str


@dataclass(frozen=True, slots=True)
class Device:
    """What is known of a device; `metadata.keys.<key>.unit` holds units."""

    device_id: str
    name: str
    device_type: str | None = None
    location: str | None = None
    active: bool = True
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeviceDefined:
    """A device was created or changed: the whole of it, with its version."""

    version: int
    device: Device


@dataclass(frozen=True, slots=True)
class DeviceRemoved:
    """A device was removed; its history stays."""

    version: int
    device_id: str


@dataclass(frozen=True, slots=True)
class DeviceClockReset:
    """A person confirmed that the device's clock was put right."""

    device_id: str


@dataclass(frozen=True, slots=True)
class RuleDefined:
    """A rule was created or changed: the whole of it, with its version."""

    version: int
    rule_id: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class RuleRemoved:
    """A rule was removed."""

    version: int
    rule_id: str


@dataclass(frozen=True, slots=True)
class Silence:
    """Alerts that match are recorded but not notified between two instants; None matches everything."""

    silence_id: str
    starts_at: int
    ends_at: int
    reason: str
    created_by: str
    device_id: str | None = None
    rule_id: str | None = None
    severity: Severity | None = None
    selector: Selector | None = None


@dataclass(frozen=True, slots=True)
class SilenceDefined:
    """A silence was created or changed."""

    version: int
    silence: Silence


@dataclass(frozen=True, slots=True)
class SilenceRemoved:
    """A silence was ended early."""

    version: int
    silence_id: str


@dataclass(frozen=True, slots=True)
class PolicyDefined:
    """The plant-wide policy was set."""

    version: int
    policy: Policy


@dataclass(frozen=True, slots=True)
class AlertAcknowledged:
    """A person has seen the alert."""

    alert_id: str
    device_id: str
    rule_id: str
    by: str
    notes: str = ""


@dataclass(frozen=True, slots=True)
class AlertUnacknowledged:
    """An acknowledgement was taken back."""

    alert_id: str
    device_id: str
    rule_id: str
    by: str
    notes: str = ""


@dataclass(frozen=True, slots=True)
class AlertNoted:
    """A person wrote a note to the alert."""

    alert_id: str
    device_id: str
    rule_id: str
    by: str
    notes: str = ""


@dataclass(frozen=True, slots=True)
class AlertClosed:
    """A person closed the alert."""

    alert_id: str
    device_id: str
    rule_id: str
    by: str
    notes: str = ""


DeviceEvent: TypeAlias = (
    StatusReported
    | CommandAnswered
    | DeviceDefined
    | DeviceRemoved
    | DeviceClockReset
    | AlertAcknowledged
    | AlertUnacknowledged
    | AlertNoted
    | AlertClosed
)
"""Events of one device: keyed by its id."""
BroadcastEvent: TypeAlias = RuleDefined | RuleRemoved | SilenceDefined | SilenceRemoved | PolicyDefined | Ticked
"""Events that concern every device: written to every partition."""
Event: TypeAlias = Readings | PartitionTaken | DeviceEvent | BroadcastEvent

BROADCASTS = (RuleDefined, RuleRemoved, SilenceDefined, SilenceRemoved, PolicyDefined, Ticked)


def device_of(event: DeviceEvent) -> str:
    """The device whose partition the event belongs to."""
    return event.device.device_id if isinstance(event, DeviceDefined) else event.device_id
