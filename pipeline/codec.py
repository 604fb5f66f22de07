"""Journal records <-> events. JSON bodies; the headers `type` and `v` say what a body is.

A body of an older version is read by the upcasters of its type; a newer one raises UnknownVersion, for skipping it
would lose it. Anything else that cannot be read raises InvalidInput (reason `undecodable`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from functools import cache
from typing import Any, NamedTuple, get_type_hints

import msgspec
import orjson

from pipeline import events
from pipeline.errors import InvalidInput, UnknownVersion
from pipeline.identifiers import is_identifier
from pipeline.instants import EARLIEST, LATEST
from pipeline.rules.model import parse_rule, rule_document

MAX_BODY_BYTES = 512 * 1024
_MAX_DEPTH = 32
Headers = tuple[tuple[str, bytes], ...]


class Encoded(NamedTuple):
    """What goes into a Kafka record besides its key."""

    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class _Kind:
    event: type
    version: int
    dump: Callable[[Any], object]
    load: Callable[[Any], events.Event]


def encode(event: events.Event) -> Encoded:
    """Encode an event; ValueError if it would be larger than 512 KiB."""
    name, kind = _BY_CLASS[type(event)]
    body = orjson.dumps(kind.dump(event))
    if len(body) > MAX_BODY_BYTES:
        raise ValueError(f"a {name} event of {len(body)} bytes is larger than {MAX_BODY_BYTES}")
    return Encoded((("type", name.encode()), ("v", str(kind.version).encode())), body)


def encode_reading(reading: events.Reading) -> bytes:
    """One entry of a frame, so that frames can be filled by their exact size; see `encode_frame`."""
    return orjson.dumps(tuple(reading))


def encode_frame(parts: Sequence[bytes]) -> Encoded:
    """A frame of entries that `encode_reading` made: what `encode` makes of the same readings."""
    body = b"[" + b",".join(parts) + b"]"
    if len(body) > MAX_BODY_BYTES:
        raise ValueError(f"a readings event of {len(body)} bytes is larger than {MAX_BODY_BYTES}")
    return Encoded(_FRAME_HEADERS, body)


def decode(headers: Headers, body: bytes | None) -> events.Event:
    """Decode a record of the journal; raises UnknownVersion or InvalidInput (reason `undecodable`)."""
    given = dict(headers)
    try:
        name = given["type"].decode()
        version = int(given["v"])
    except (KeyError, ValueError, TypeError, AttributeError):  # Kafka's header values may be null
        raise InvalidInput("undecodable", "the record has no readable headers 'type' and 'v'") from None
    kind = _BY_NAME.get(name)
    if kind is None:
        raise InvalidInput("undecodable", f"the event type {name[:64]!r} is not known")
    if version > kind.version:
        raise UnknownVersion(f"{name} version {version} was written by a newer release; this one knows {kind.version}")
    if version < 1:
        raise InvalidInput("undecodable", f"version {version} of {name} does not exist")
    if body is None:
        raise InvalidInput("undecodable", "the record has no body")
    try:
        return kind.load(orjson.loads(body))
    except InvalidInput:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, msgspec.ValidationError) as error:
        raise InvalidInput("undecodable", f"the body is no {name}: {type(error).__name__}") from None


def _dump_readings(event: events.Readings) -> object:
    return list(map(tuple, event.entries))  # orjson refuses named tuples


def _load_readings(body: Any) -> events.Readings:
    if type(body) is not list:
        raise TypeError
    if all(map(_is_reading, body)):
        return events.Readings(tuple(map(_make_reading, body)))
    entries = tuple(_make_reading(entry) for entry in body if _is_reading(entry))
    refused = tuple(
        events.RefusedEntry(index, orjson.dumps(entry)) for index, entry in enumerate(body) if not _is_reading(entry)
    )
    return events.Readings(entries, refused)


def _is_reading(entry: Any) -> bool:
    if type(entry) is not list or len(entry) != 3:
        return False
    device_id, ts, values = entry
    return (
        type(device_id) is str
        and type(ts) is int
        and EARLIEST <= ts <= LATEST
        and type(values) is dict
        and is_identifier(device_id)
        and _SCALARS.issuperset(map(type, values.values()))
    )


_SCALARS = frozenset({float, int, bool, str})
_make_reading = events.Reading._make


def _same(event: Any) -> object:
    return event  # orjson writes dataclasses as objects


def _loader(cls: type) -> Callable[[Any], events.Event]:
    """Load of a dataclass whose fields are JSON values or such dataclasses: types checked, unknown names refused."""

    def load(body: Any) -> Any:
        _refuse_unknown_names(cls, body)
        _refuse_depth(body, _MAX_DEPTH)
        return msgspec.convert(body, cls)

    return load


def _refuse_depth(value: Any, room: int) -> None:
    """What is nested deeper could be decoded here and then be too deep to be encoded anywhere else."""
    if room == 0:
        raise ValueError
    if type(value) is dict:
        value = list(value.values())
    if type(value) is list:
        for item in value:
            _refuse_depth(item, room - 1)


_fields = cache(get_type_hints)


def _refuse_unknown_names(cls: type, body: Any) -> None:
    known = _fields(cls)
    for name, value in body.items():
        if is_dataclass(known[name]):
            _refuse_unknown_names(known[name], value)


def _dump_rule(event: events.RuleDefined) -> object:
    return {"version": event.version, "rule_id": event.rule_id, "rule": rule_document(event.rule)}


def _load_rule(body: Any) -> events.RuleDefined:
    version, rule_id, rule = body["version"], body["rule_id"], body["rule"]
    if type(version) is not int or type(rule_id) is not str or len(body) != 3:
        raise TypeError
    return events.RuleDefined(version, rule_id, parse_rule(rule))


def _plain(cls: type) -> _Kind:
    return _Kind(cls, 1, _same, _loader(cls))


_BY_NAME: Mapping[str, _Kind] = {
    "readings": _Kind(events.Readings, 1, _dump_readings, _load_readings),
    "status_reported": _plain(events.StatusReported),
    "command_answered": _plain(events.CommandAnswered),
    "ticked": _plain(events.Ticked),
    "partition_taken": _plain(events.PartitionTaken),
    "device_defined": _plain(events.DeviceDefined),
    "device_removed": _plain(events.DeviceRemoved),
    "device_clock_reset": _plain(events.DeviceClockReset),
    "rule_defined": _Kind(events.RuleDefined, 1, _dump_rule, _load_rule),
    "rule_removed": _plain(events.RuleRemoved),
    "silence_defined": _plain(events.SilenceDefined),
    "silence_removed": _plain(events.SilenceRemoved),
    "policy_defined": _plain(events.PolicyDefined),
    "alert_acknowledged": _plain(events.AlertAcknowledged),
    "alert_unacknowledged": _plain(events.AlertUnacknowledged),
    "alert_noted": _plain(events.AlertNoted),
    "alert_closed": _plain(events.AlertClosed),
}
_BY_CLASS: Mapping[type, tuple[str, _Kind]] = {kind.event: (name, kind) for name, kind in _BY_NAME.items()}
EVENT_TYPES: tuple[str, ...] = tuple(_BY_NAME)
EVENT_CLASSES: Mapping[str, tuple[type, int]] = {name: (kind.event, kind.version) for name, kind in _BY_NAME.items()}
"""The class and the version of each event type."""
_FRAME_HEADERS: Headers = (("type", b"readings"), ("v", str(_BY_NAME["readings"].version).encode()))
