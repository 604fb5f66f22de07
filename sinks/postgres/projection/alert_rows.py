"""The tuples of the alert and the quarantine topic that travel to PostgreSQL; instants and JSON as in `rows`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.quarantine import Quarantined


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


class ShownStatusRow(NamedTuple):
    """What detection found out about a device; `as_of` is the journal's offset."""

    device_id: str
    status: str
    at: int
    as_of: int
    offset: int


@dataclass(frozen=True, slots=True)
class AlertChanges:
    """What a stretch of one partition of the alert topic changes."""

    events: list[AlertEventRow] = field(default_factory=list)
    alerts: list[AlertRow] = field(default_factory=list)
    suspensions: list[SuspensionRow] = field(default_factory=list)
    statuses: list[ShownStatusRow] = field(default_factory=list)
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
