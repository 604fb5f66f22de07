"""A state in pieces of bytes, each written under its own key, and the state put together from them again.

A snapshot may be cut off half-way, so what is loaded can be a mix of rounds. Device states may be newer than the
position: each holds the offset it includes, and `step` skips what it includes already. Rules, silences and the policy
decide for all devices, so they must be exactly those of the position: a new version is a new piece under a new key
(`registry_key` ends in its offset), and an older piece may be deleted only after a position at or above the newer
one's offset is durable. `assemble` picks, for each id, the newest piece that the position includes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import msgspec

from pipeline.errors import InvalidInput
from pipeline.events import Silence
from pipeline.fold.registry import PolicyItem, RegistryItem, RuleItem, SilenceItem, registry_of
from pipeline.fold.state import DeviceState, State, index_devices
from pipeline.policy import Policy
from pipeline.rules.model import parse_rule, rule_document


@dataclass(frozen=True, slots=True)
class PositionRecord:
    """Written last, when every piece that it counts is durable. `alerts_end`: the end of the alert topic then."""

    position: int
    journal_time: int
    fold_version: int
    journal_id: str
    device_count: int
    registry_count: int
    alerts_end: int
    ticked: int = 0
    last_tick: int | None = None


T = TypeVar("T")
_Piece: TypeAlias = tuple[str, str, int, int, msgspec.Raw]

_encoder = msgspec.msgpack.Encoder()
_devices = msgspec.msgpack.Decoder(tuple[str, DeviceState])
_positions = msgspec.msgpack.Decoder(PositionRecord)
_pieces = msgspec.msgpack.Decoder(_Piece)


def encode_device(device_id: str, device: DeviceState) -> bytes:
    """One device's state; equal states of equal history give equal bytes."""
    return _encoder.encode((device_id, device))


def decode_device(data: bytes) -> tuple[str, DeviceState]:
    """A device's id and state; InvalidInput (reason `bad_snapshot`) if the bytes are none."""
    return _decoded(_devices, data, "a device's state")


def registry_key(item: RegistryItem) -> str:
    """The key that a registry item is written under: kind, id and the offset of its definition."""
    kind, name = _name(item)
    return f"{kind}/{name}/{item.offset}"


def encode_registry_item(item: RegistryItem) -> bytes:
    """One rule, silence or the policy, with its version and offset."""
    kind, name = _name(item)
    return _encoder.encode((kind, name, item.version, item.offset, _body(item)))


def decode_registry_item(data: bytes) -> RegistryItem:
    """The item; InvalidInput (reason `bad_snapshot`) if the bytes are none."""
    kind, name, version, offset, raw = _decoded(_pieces, data, "a registry item")
    try:
        if kind == "rule":
            document = msgspec.msgpack.decode(raw)
            return RuleItem(name, version, offset, None if document is None else parse_rule(document))
        if kind == "silence":
            return SilenceItem(name, version, offset, msgspec.msgpack.decode(raw, type=Silence | None))
        if kind == "policy":
            return PolicyItem(version, offset, msgspec.msgpack.decode(raw, type=Policy))
    except (msgspec.DecodeError, UnicodeDecodeError, InvalidInput) as error:
        raise _bad(f"the {kind} {name!r} can't be read: {error}") from None
    raise _bad(f"a registry item of kind {kind[:32]!r} is not known")


def encode_position(record: PositionRecord) -> bytes:
    """The record that completes a snapshot."""
    return _encoder.encode(record)


def decode_position(data: bytes) -> PositionRecord:
    """The position record; InvalidInput (reason `bad_snapshot`) if the bytes are none."""
    return _decoded(_positions, data, "a position record")


def assemble(partition: int, record: PositionRecord, devices: Iterable[bytes], items: Iterable[bytes]) -> State:
    """The state at the record's position, ready to be folded on from position + 1.

    Raises InvalidInput (reason `bad_snapshot`) if a piece is unreadable or if pieces are missing.
    """
    chosen: dict[tuple[str, str], RegistryItem] = {}
    for item in map(decode_registry_item, items):
        name = _name(item)
        if item.offset <= record.position and (name not in chosen or chosen[name].offset < item.offset):
            chosen[name] = item
    known: Mapping[str, DeviceState] = dict(map(decode_device, devices))
    if len(chosen) != record.registry_count or len(known) < record.device_count:
        raise _bad(
            f"{len(known)} of {record.device_count} devices and {len(chosen)} of {record.registry_count} registry "
            f"items are there for position {record.position}"
        )
    state = State(
        partition,
        position=record.position,
        journal_time=record.journal_time,
        ticked=record.ticked,
        last_tick=record.last_tick,
    )
    state.devices.update(known)
    index_devices(state)
    state.registry = registry_of(tuple(chosen.values()))
    return state


def _name(item: RegistryItem) -> tuple[str, str]:
    if isinstance(item, RuleItem):
        return "rule", item.rule_id
    if isinstance(item, SilenceItem):
        return "silence", item.silence_id
    return "policy", ""


def _body(item: RegistryItem) -> Any:
    if isinstance(item, RuleItem):
        return None if item.rule is None else rule_document(item.rule)
    return item.silence if isinstance(item, SilenceItem) else item.policy


def _decoded(decoder: msgspec.msgpack.Decoder[T], data: bytes, what: str) -> T:
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _bad(f"{what} can't be read: {error}") from None


def _bad(message: str) -> InvalidInput:
    return InvalidInput("bad_snapshot", message)
