"""One record folded into a state: the whole of detection, with no clock, no chance and no input but its arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pipeline.events import (
    AlertAcknowledged,
    AlertClosed,
    AlertNoted,
    AlertUnacknowledged,
    DeviceClockReset,
    DeviceDefined,
    DeviceRemoved,
    Event,
    PolicyDefined,
    Readings,
    RuleDefined,
    RuleRemoved,
    SilenceDefined,
    SilenceRemoved,
    StatusReported,
    Ticked,
)
from pipeline.fold.definitions import (
    define_device,
    define_policy,
    define_rule,
    define_silence,
    remove_device,
    remove_rule,
    remove_silence,
)
from pipeline.fold.people import acknowledge, close, note, unacknowledge
from pipeline.fold.presence import report_status, reset_clock
from pipeline.fold.readings import fold_readings
from pipeline.fold.state import State, Step
from pipeline.fold.ticks import fold_tick
from pipeline.fold.work import Work

_HANDLERS: Mapping[type, Callable[[Work, Any], None]] = {
    Readings: fold_readings,
    DeviceDefined: define_device,
    DeviceRemoved: remove_device,
    RuleDefined: define_rule,
    RuleRemoved: remove_rule,
    SilenceDefined: define_silence,
    SilenceRemoved: remove_silence,
    PolicyDefined: define_policy,
    Ticked: fold_tick,
    StatusReported: report_status,
    DeviceClockReset: reset_clock,
    AlertAcknowledged: acknowledge,
    AlertUnacknowledged: unacknowledge,
    AlertNoted: note,
    AlertClosed: close,
}
"""Events that are not here move the position and the journal's clock, nothing else."""


def step(state: State, offset: int, timestamp: int, event: Event | None) -> Step:
    """Fold the record at `offset`, appended at `timestamp` (ms). Pure: `state` stays as it is.

    `event` is None for a record that could not be decoded: it only moves the position and the journal's clock. A
    record at or below the position gives an empty step. Raises nothing that a record's content could cause.
    """
    work = Work(state, offset, max(state.journal_time, timestamp), state.registry, state.ticked, state.last_tick)
    handler = _HANDLERS.get(type(event))
    if handler is not None and offset > state.position:
        handler(work, event)
    return work.finish()
