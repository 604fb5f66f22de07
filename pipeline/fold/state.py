"""What detection knows of one partition. `step` only reads it; `apply` is the one place that changes it."""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec import Struct

from pipeline.alerts import Output
from pipeline.events import Device
from pipeline.fold.registry import Registry
from pipeline.fold.tally import Tally
from pipeline.rules.model import Severity
from pipeline.topics import EVENTS
from pipeline.windows.series import Series

NOT_YET = -1
"""The position before the first record."""


class OpenAlert(Struct, frozen=True, array_like=True, gc=False):
    """An alert that has not resolved; it keeps what its rule was called when it opened."""

    alert_id: str
    sequence: int
    rule_version: int
    rule_name: str
    severity: Severity
    opened_at: int


class DeviceState(Struct, array_like=True):
    """One device. `offset` is the highest journal offset that touched it; `version` that of its latest definition.

    A removed device has a version but no
    definition, so that an older definition that comes again changes nothing. `alerts` and
    `suspended` (rule version at which a rule failed) are by rule id. Its dicts are replaced, never changed.
    """

    offset: int = NOT_YET
    version: int = 0
    definition: Device | None = None
    series: dict[str, Series] = {}
    alerts: dict[str, OpenAlert] = {}
    suspended: dict[str, int] = {}


@dataclass(slots=True)
class State:
    """One partition: the last folded offset, the highest record timestamp so far, and what came of them."""

    partition: int
    topic: str = EVENTS.name
    position: int = NOT_YET
    journal_time: int = 0
    devices: dict[str, DeviceState] = field(default_factory=dict)
    registry: Registry = field(default_factory=Registry)


@dataclass(frozen=True, slots=True)
class Step:
    """What one record makes of a state: the devices it changed, the registry if it changed, and what is to be said."""

    offset: int
    journal_time: int
    devices: dict[str, DeviceState]
    registry: Registry | None
    outputs: tuple[Output, ...]
    tally: Tally


def new_state(partition: int) -> State:
    """The state before the first record."""
    return State(partition)


def apply(state: State, step: Step) -> None:
    """Make a step's results the state: only after its outputs are durable. Applying a step again changes nothing."""
    if step.offset <= state.position:
        return
    state.devices.update(step.devices)
    if step.registry is not None:
        state.registry = step.registry
    state.journal_time = step.journal_time
    state.position = step.offset
