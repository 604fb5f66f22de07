"""Events of one partition of the journal into changes: pure, in order, the same on every replay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import orjson

from pipeline import events
from pipeline.journal.records import Record
from pipeline.policy import Policy
from sinks.postgres.projection.decoding import quarantine_record
from sinks.postgres.projection.definition_rows import policy_row, rule_row, silence_row
from sinks.postgres.projection.frames import Decoded, places
from sinks.postgres.projection.latest import Latest
from sinks.postgres.projection.rows import (
    DeviceRow,
    JournalChanges,
    Known,
    RegistrationRow,
    StatusRow,
)

UNKNOWN, ONLINE, OFFLINE = "unknown", "online", "offline"
_SILENT = frozenset({UNKNOWN, OFFLINE})


def decide(decoded: Decoded, known: Mapping[str, Known], policy: Policy, policy_version: int) -> JournalChanges:
    """What the events change; `known` holds every device of `devices_named` that exists."""
    decision = _Decision(known, policy, policy_version)
    for record, event in decoded:
        decision.take(record, event)
    return decision.changes()


class _Decision:
    def __init__(self, known: Mapping[str, Known], policy: Policy, policy_version: int) -> None:
        self._made = JournalChanges(policy, policy_version)
        self._policy = policy
        self._policy_version = policy_version
        self._before = known
        self._devices: dict[str, DeviceRow] = {}
        self._statuses: dict[str, StatusRow] = {}
        self._cleared: set[str] = set()
        """Devices whose next reading needs no questions; whatever changes the answer takes them out."""

    def changes(self) -> JournalChanges:
        return replace(
            self._made,
            policy=self._policy,
            policy_version=self._policy_version,
            devices=list(self._devices.values()),
            statuses=list(self._statuses.values()),
        )

    def take(self, record: Record, event: events.Event) -> None:
        match event:
            case events.Readings():
                self._readings(record, event)
            case events.StatusReported():
                if self._heard(record, event.device_id) is not None:
                    self._status(record, event.device_id, event.status, event.details, event.ts)
            case events.CommandAnswered():
                self._heard(record, event.device_id)
            case events.DeviceDefined():
                self._device(record, event.device.device_id, event.device, event.version)
            case events.DeviceRemoved():
                self._device(record, event.device_id, None, event.version)
            case events.RuleDefined() | events.RuleRemoved():
                self._made.rules.append(rule_row(record, event))
            case events.SilenceDefined() | events.SilenceRemoved():
                self._made.silences.append(silence_row(record, event))
            case events.PolicyDefined():
                self._made.policies.append(policy_row(record, event))
                if event.version > self._policy_version:
                    self._policy, self._policy_version = event.policy, event.version
            case _:
                pass  # ticks, takings and people's words on alerts change detection, not these tables

    def _readings(self, record: Record, frame: events.Readings) -> None:
        received, offset = record.timestamp, record.offset
        add_row = self._made.telemetry.append
        seen, latest = self._made.seen, self._made.latest
        for index, (device_id, ts, values) in zip(places(frame), frame.entries, strict=True):
            if device_id not in self._cleared:
                if self._heard(record, device_id, index, (device_id, ts, values)) is None:
                    continue
                self._came_back(record, device_id)
                self._cleared.add(device_id)
            seen[device_id] = received
            for key, value in values.items():
                kind = type(value)
                if kind is float or kind is int:
                    add_row((device_id, key, ts, value, None, None, received, offset, index))
                elif kind is bool:
                    add_row((device_id, key, ts, None, value, None, received, offset, index))  # type: ignore[arg-type]
                else:
                    add_row((device_id, key, ts, None, None, value, received, offset, index))  # type: ignore[arg-type]
            newest = latest.get(device_id)
            if newest is None:
                latest[device_id] = Latest(ts, values)
            else:
                newest.add(ts, values)

    def _heard(self, record: Record, device_id: str, index: int | None = None, entry: object = None) -> Known | None:
        """A device was heard of: register it if that is the policy; None (and quarantine) if it may not speak."""
        known = self._made.known.get(device_id) or self._before.get(device_id)
        if known is None:
            if not self._policy.auto_register:
                text = f"the device {device_id[:64]} is not defined, and the policy registers none by itself"
                self._refuse(record, "unknown_device", text, device_id, index, entry)
                return None
            known = Known(0, removed=False, status=UNKNOWN)
            self._made.known[device_id] = known
            self._made.registrations.append(RegistrationRow(device_id, record.timestamp, record.offset))
        elif known.removed:
            text = f"the device {device_id[:64]} was removed; define it again to accept what it sends"
            self._refuse(record, "device_removed", text, device_id, index, entry)
            return None
        self._made.seen[device_id] = record.timestamp
        return known

    def _came_back(self, record: Record, device_id: str) -> None:
        known = self._made.known.get(device_id) or self._before[device_id]
        if known.status in _SILENT:
            self._status(record, device_id, ONLINE, {}, record.timestamp)

    def _status(
        self, record: Record, device_id: str, status: str, details: Mapping[str, events.Scalar], ts: int
    ) -> None:
        known = self._made.known.get(device_id) or self._before[device_id]
        self._made.known[device_id] = known._replace(status=status)
        self._statuses[device_id] = StatusRow(device_id, status, _json(dict(details)), ts, record.offset)
        self._cleared.discard(device_id)

    def _device(self, record: Record, device_id: str, device: events.Device | None, version: int) -> None:
        known = self._made.known.get(device_id) or self._before.get(device_id) or Known(0, False, UNKNOWN)
        if version <= known.version:
            return
        removed = device is None
        if device is None and device_id in self._devices:
            device = self._devices[device_id].device
        self._made.known[device_id] = known._replace(version=version, removed=removed)
        self._devices[device_id] = DeviceRow(device_id, device, version, removed, record.timestamp, record.offset)
        self._cleared.discard(device_id)

    def _refuse(
        self, record: Record, reason: str, message: str, device_id: str, index: int | None, entry: object
    ) -> None:
        raw = None if entry is None else orjson.dumps(entry)
        self._made.quarantined.append(
            quarantine_record(record, reason, message, raw=raw, device_id=device_id, index=index)
        )


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
