"""The tuples that travel to PostgreSQL. Instants are milliseconds since the epoch; JSON is text.

The last two fields of a telemetry row, and the last of the others, say where it came from and are not stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from pipeline.events import Device
from pipeline.policy import Policy
from pipeline.quarantine import Quarantined
from sinks.postgres.projection.latest import Latest

TelemetryRow: TypeAlias = tuple[str, str, int, Any, bool | None, str | None, int, int, int]
"""device, key, ts, value, value_bool, value_text, received_at; offset of the frame, index of the entry."""


class Known(NamedTuple):
    """What the projection keeps in mind of a device."""

    version: int
    removed: bool
    status: str


class DeviceRow(NamedTuple):
    """A device as defined, or, without `device`, only its removal."""

    device_id: str
    device: Device | None
    version: int
    removed: bool
    at: int
    offset: int


class RegistrationRow(NamedTuple):
    """A device that registered itself by being heard."""

    device_id: str
    at: int
    offset: int


class StatusRow(NamedTuple):
    """What a device said, or showed, about itself."""

    device_id: str
    status: str
    details: str
    at: int
    offset: int


class SeenRow(NamedTuple):
    """When a device was heard last."""

    device_id: str
    at: int
    offset: int


class RuleRow(NamedTuple):
    """A version of a rule; without `body` its removal."""

    rule_id: str
    version: int
    name: str
    device_id: str | None
    rule_type: str | None
    severity: str | None
    priority: int
    enabled: bool
    body: str | None
    at: int
    offset: int


class SilenceRow(NamedTuple):
    """A version of a silence; without `starts_at` its removal."""

    silence_id: str
    version: int
    starts_at: int | None
    ends_at: int | None
    reason: str | None
    created_by: str | None
    device_id: str | None
    rule_id: str | None
    severity: str | None
    at: int
    offset: int


class PolicyRow(NamedTuple):
    """A version of the policy."""

    version: int
    body: str
    at: int
    offset: int


@dataclass(frozen=True, slots=True)
class JournalChanges:
    """What a stretch of one partition of the journal changes."""

    policy: Policy
    """In force after the stretch."""
    policy_version: int
    telemetry: list[TelemetryRow] = field(default_factory=list)
    registrations: list[RegistrationRow] = field(default_factory=list)
    devices: list[DeviceRow] = field(default_factory=list)
    statuses: list[StatusRow] = field(default_factory=list)
    rules: list[RuleRow] = field(default_factory=list)
    silences: list[SilenceRow] = field(default_factory=list)
    policies: list[PolicyRow] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)
    """When each device was heard last."""
    known: dict[str, Known] = field(default_factory=dict)
    """What is to be kept in mind of the devices that changed."""
    latest: dict[str, Latest] = field(default_factory=dict)
    quarantined: list[Quarantined] = field(default_factory=list)


class AlertEventRow(NamedTuple):
    """One transition of an alert as it came."""

    alert_id: str
    sequence: int
    transition: str
    at: int
    body: str
    partition: int
    stored_at: int
    offset: int


class AlertRow(NamedTuple):
    """What one transition makes of an alert's row; None leaves a column as it is."""

    alert_id: str
    sequence: int
    status: str | None
    rule_id: str
    rule_version: int
    rule_name: str
    device_id: str
    severity: str
    message: str
    value: float | None
    threshold: float | None
    unit: str | None
    context: str
    notify: str
    acknowledged: bool | None
    by: str | None
    notes: str | None
    opened_at: int
    at: int
    received_at: int
    offset: int


class SuspensionRow(NamedTuple):
    """A rule that is not judged for a device any more."""

    rule_id: str
    rule_version: int
    device_id: str
    error: str
    at: int
    offset: int


@dataclass(frozen=True, slots=True)
class AlertChanges:
    """What a stretch of one partition of the alert topic changes."""

    events: list[AlertEventRow] = field(default_factory=list)
    alerts: list[AlertRow] = field(default_factory=list)
    suspensions: list[SuspensionRow] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)


class QuarantineRow(NamedTuple):
    """A quarantine record; `identity` is the same for each repeat of one input."""

    identity: str
    reason: str
    message: str
    by: str
    source: str
    place: int | None
    device_id: str | None
    raw: bytes
    received_at: int
    partition: int
    offset: int
