"""What devices send, read: telemetry, status and command answers as JSON become values and instants.

Telemetry is an object of values, the same under `data`, or a list of such objects:

    {"temperature": 28.5, "timestamp": "2025-10-27T19:14:45Z"}
    {"device_id": "press-1", "timestamp": 1761592485, "data": {"motor": {"rpm": 1480}, "door": "closed"}}

Values are numbers, booleans and strings of at most 1 KiB; nested objects flatten with dots (`motor.rpm`); fields
beside `data` are values too. A null is a sensor that says nothing and is left out. The time is `timestamp`, or `ts`
where there is no `timestamp`. An array as a value is refused: it has no place in a series.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from pipeline.errors import InvalidInput
from pipeline.events import Scalar
from pipeline.identifiers import MAX_KEY_LENGTH
from pipeline.instants import parse_instant
from pipeline.jsonsafe import Json, parse_json

MAX_KEYS = 256
MAX_STRING_BYTES = 1024
MAX_ELEMENTS = 10_000
MAX_REFUSED = 100
"""More refused elements of one list than this are reported as one: the report must not outgrow the input."""
AHEAD_MS = 5 * 60_000
"""How far a time may lie ahead of its receipt: clocks differ, but nothing is measured in the future."""
_WORD = re.compile(rb"[A-Za-z][A-Za-z0-9_-]{0,63}")
_NOT_WORDS = (b"true", b"false", b"null")
_MAX_COMMAND_ID = 128


class Measurement(NamedTuple):
    """The values of one instant; `ts` is None where the message names no time."""

    ts: int | None
    values: dict[str, Scalar]


class Refused(NamedTuple):
    """An element of a list that cannot be accepted; `element` is its place, None if it stands for the whole list."""

    element: int | None
    raw: bytes
    reason: str
    message: str


class Telemetry(NamedTuple):
    """What a telemetry payload holds, in its order; one bad element costs no other."""

    measurements: list[Measurement]
    refused: list[Refused]


class Status(NamedTuple):
    """What a status payload says."""

    ts: int | None
    status: str
    details: dict[str, Scalar]


class Answer(NamedTuple):
    """What a device answered to a command."""

    ts: int | None
    command_id: str
    body: Mapping[str, Any]


def parse_telemetry(payload: bytes, device_id: str, received_at: int) -> Telemetry:
    """Read a telemetry payload of a device; raises InvalidInput if nothing of it can be accepted."""
    document = parse_json(payload)
    if type(document) is dict:
        return Telemetry([read_measurement(document, device_id, received_at)], [])
    if type(document) is not list:
        raise InvalidInput("not_telemetry", "send an object of values or a list of such objects")
    if not document:
        raise InvalidInput("no_values", "the list is empty")
    if len(document) > MAX_ELEMENTS:
        raise InvalidInput("too_many_elements", f"send at most {MAX_ELEMENTS} elements in one list")
    return _read_list(document, payload, device_id, received_at)


def read_measurement(document: Json, device_id: str, received_at: int) -> Measurement:
    """Read one element of a telemetry payload; raises InvalidInput."""
    if type(document) is not dict:
        raise InvalidInput("not_telemetry", "an element must be an object of values")
    ts = _take_time(document, device_id, received_at)
    data = document.pop("data", None)
    values: dict[str, Scalar] = {}
    if type(data) is dict:
        if ts is None:
            ts = _take_time(data, device_id, received_at)
        _flatten(data, "", values)
    elif data is not None:
        document["data"] = data
    _flatten(document, "", values)
    if not values:
        raise InvalidInput("no_values", "holds no value")
    return Measurement(ts, values)


def parse_status(payload: bytes, device_id: str, received_at: int) -> Status:
    """Read a status payload: `{"status": "online", ...}` or the bare word; raises InvalidInput."""
    if _WORD.fullmatch(payload) and payload not in _NOT_WORDS:
        return Status(None, payload.decode(), {})
    document = parse_json(payload)
    if type(document) is str:
        document = {"status": document}
    if type(document) is not dict:
        raise InvalidInput("invalid_status", 'send a word or an object with "status"')
    ts = _take_time(document, device_id, received_at)
    status = document.pop("status", None)
    if type(status) is not str or not 0 < len(status) <= MAX_KEY_LENGTH or not status.isprintable():
        raise InvalidInput("invalid_status", f"use 1 to {MAX_KEY_LENGTH} printable characters", "status")
    details: dict[str, Scalar] = {}
    _flatten(document, "", details)
    return Status(ts, status, details)


def parse_answer(payload: bytes, device_id: str, received_at: int) -> Answer:
    """Read a device's answer to a command: an object with `command_id`; raises InvalidInput."""
    document = parse_json(payload)
    if type(document) is not dict:
        raise InvalidInput("invalid_answer", 'send an object with "command_id"')
    command_id = document.get("command_id")
    if type(command_id) is not str or not 0 < len(command_id) <= _MAX_COMMAND_ID or not command_id.isprintable():
        raise InvalidInput("invalid_answer", f"use 1 to {_MAX_COMMAND_ID} printable characters", "command_id")
    return Answer(_take_time(dict(document), device_id, received_at), command_id, document)


def _read_list(document: list[Json], payload: bytes, device_id: str, received_at: int) -> Telemetry:
    measurements: list[Measurement] = []
    refused: list[Refused] = []
    original: list[Json] = []
    failures = 0
    for index, element in enumerate(document):
        try:
            measurements.append(read_measurement(element, device_id, received_at))
        except InvalidInput as error:
            failures += 1
            if failures <= MAX_REFUSED:
                original = original or orjson.loads(payload)  # reading an element takes it apart
                refused.append(Refused(index, orjson.dumps(original[index]), error.reason, str(error)))
    if failures > MAX_REFUSED:
        first = refused[0]
        message = f"{failures} of {len(document)} elements; element {first.element}: {first.message}"
        refused = [Refused(None, payload, first.reason, message)]
    return Telemetry(measurements, refused)


def _take_time(document: dict[str, Json], device_id: str, received_at: int) -> int | None:
    """Take what is no value out of the document: the device id, checked, and the time."""
    if "device_id" in document:
        named = document.pop("device_id")
        if named != device_id:
            raise InvalidInput("device_mismatch", f"names another device than the address, {device_id}", "device_id")
    time = document.pop("timestamp", None)
    if time is None:
        time = document.pop("ts", None)
        if time is None:
            return None
    ts = parse_instant(time)
    if ts > received_at + AHEAD_MS:
        raise InvalidInput("timestamp_ahead", "lies more than 5 minutes ahead of its receipt", "timestamp")
    return ts


def _flatten(document: dict[str, Json], prefix: str, into: dict[str, Scalar]) -> None:
    for name, value in document.items():
        kind = type(value)
        if value is None:
            continue
        key = prefix + name
        if kind is dict:
            _flatten(value, key + ".", into)  # type: ignore[arg-type]
            continue
        if not 0 < len(key) <= MAX_KEY_LENGTH or not key.isprintable():
            raise InvalidInput("invalid_key", f"use keys of 1 to {MAX_KEY_LENGTH} printable characters", key[:80])
        if key in into:
            raise InvalidInput("duplicate_key", "is given twice", key)
        if kind is str:
            if len(value) * 4 > MAX_STRING_BYTES and len(value.encode()) > MAX_STRING_BYTES:  # type: ignore[arg-type,union-attr]
                raise InvalidInput("value_too_long", f"use at most {MAX_STRING_BYTES} bytes", key)
        elif kind is list:
            raise InvalidInput("array_value", "is an array; send its elements under keys of their own", key)
        into[key] = value  # type: ignore[assignment]
        if len(into) > MAX_KEYS:
            raise InvalidInput("too_many_keys", f"use at most {MAX_KEYS} keys")
