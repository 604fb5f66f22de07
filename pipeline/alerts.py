"""Alert events: what detection says. One alert is a sequence of transitions with one id.

A consumer applies an event only if its sequence is above the last it saw for that alert; so repeats, which a
take-over may bring, change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from pipeline.events import Scalar
from pipeline.rules.base import Severity

Transition: TypeAlias = Literal[
    "raised", "escalated", "acknowledged", "unacknowledged", "noted", "unsilenced", "resolved", "closed"
]
Command: TypeAlias = Literal["acknowledge", "unacknowledge", "note", "close"]
Notify: TypeAlias = Literal["yes", "silenced", "digest"]


@dataclass(frozen=True, slots=True)
class Cause:
    """The journal record that made the transition."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class ReadingEvidence:
    """A reading that decided, with the journal offset of its frame and its place among the readings there."""

    key: str
    ts: int
    value: Scalar
    offset: int
    index: int


@dataclass(frozen=True, slots=True)
class WindowEvidence:
    """A window's aggregate at the decision: readings with time in (start, end]."""

    key: str
    aggregate: str
    window_seconds: int
    start: int
    end: int
    count: int
    value: float


@dataclass(frozen=True, slots=True)
class TimerEvidence:
    """A duration that had passed: what it was for, when it began by the device's clock, and how long it is."""

    name: str
    started_at: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the decision was made from; at most 50 readings."""

    readings: tuple[ReadingEvidence, ...] = ()
    windows: tuple[WindowEvidence, ...] = ()
    timers: tuple[TimerEvidence, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """One transition of one alert. Instants are milliseconds since the epoch; `at` is the deciding event's time."""

    alert_id: str
    sequence: int
    transition: Transition
    rule_id: str
    rule_version: int
    rule_name: str
    device_id: str
    severity: Severity
    message: str
    value: Scalar | None
    threshold: Scalar | None
    unit: str | None
    context: Mapping[str, Scalar | None]
    opened_at: int
    at: int
    cause: Cause
    evidence: Evidence = field(default_factory=Evidence)
    notify: Notify = "yes"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RuleSuspended:
    """A rule failed on a device's data and is not judged for it until it is defined anew."""

    rule_id: str
    rule_version: int
    device_id: str
    error: str
    at: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class CommandOutcome:
    """What became of a person's word on an alert that made no transition: `unchanged`, or `refused` with a reason."""

    alert_id: str
    rule_id: str
    device_id: str
    command: Command
    outcome: Literal["unchanged", "refused"]
    reason: str
    by: str
    at: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """A device's state changed: its status, or whether its clock is behind. `by`: what showed it."""

    device_id: str
    status: str
    clock_behind: bool
    by: Literal["report", "reading", "silence", "clock"]
    at: int
    cause: Cause


Output: TypeAlias = AlertEvent | RuleSuspended | CommandOutcome | DeviceStatus
