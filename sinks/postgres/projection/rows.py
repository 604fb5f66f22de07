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
