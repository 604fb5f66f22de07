"""Driving the fold in tests: whole logs, snapshots as bytes, and what was said without its words."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.alerts import AlertEvent, Output
from pipeline.fold import FOLD_VERSION, State, apply, new_state, step
from pipeline.fold.snapshot import PositionRecord, assemble, encode_device, encode_registry_item, registry_key
from tests.support.event_logs import PARTITION, Record
from tests.support.naive_detection import Said


def fold(log: Sequence[Record], state: State | None = None) -> tuple[State, list[Output]]:
    """Fold what lies behind the state's position; the state given is changed."""
    state = new_state(PARTITION) if state is None else state
    outputs: list[Output] = []
    for offset in range(state.position + 1, len(log)):
        made = step(state, offset, log[offset].timestamp, log[offset].event)
        outputs += made.outputs
        apply(state, made)
    return state, outputs


def position_of(state: State) -> PositionRecord:
    """The record that a shell would write to complete a snapshot of this state."""
    return PositionRecord(
        state.position,
        state.journal_time,
        FOLD_VERSION,
        "journal",
        len(state.devices),
        len(state.registry.items()),
        0,
        state.ticked,
        state.last_tick,
    )


def device_pieces(state: State) -> dict[str, bytes]:
    """Every device's state as bytes."""
    return {device_id: encode_device(device_id, device) for device_id, device in state.devices.items()}


def registry_pieces(state: State) -> dict[str, bytes]:
    """Every registry item as bytes, by its key."""
    return {registry_key(item): encode_registry_item(item) for item in state.registry.items()}


def reloaded(state: State) -> State:
    """The state written as a snapshot and put together again."""
    return assemble(state.partition, position_of(state), device_pieces(state).values(), registry_pieces(state).values())


def picture(state: State) -> object:
    """All of a state, comparable bit by bit."""
    return (
        state.partition,
        state.topic,
        state.position,
        state.journal_time,
        state.ticked,
        state.last_tick,
        device_pieces(state),
        registry_pieces(state),
    )


def said(output: Output) -> Said:
    """An alert event without its words."""
    assert isinstance(output, AlertEvent)
    return Said(
        output.transition,
        output.rule_id,
        output.rule_version,
        output.device_id,
        output.sequence,
        output.opened_at,
        output.at,
        output.reason,
        output.value,
        output.threshold,
        output.cause.offset,
    )
