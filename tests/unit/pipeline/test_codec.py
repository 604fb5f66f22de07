from __future__ import annotations

from typing import Any, get_args

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import events
from pipeline.codec import EVENT_TYPES, MAX_BODY_BYTES, decode, encode, encode_frame, encode_reading
from pipeline.errors import InvalidInput, UnknownVersion
from pipeline.events import BROADCASTS, Device, DeviceDefined, Event, Reading, Readings, RefusedEntry, device_of
from tests.support.event_strategies import EVENTS, documents, json, readings

START = 1_700_000_000_000
DEEP = b'{"version": 1, "device": {"device_id": "d", "name": "D", "metadata": {"a": ' + b"[" * 40 + b"]" * 40 + b"}}}"
SILENCE = {"silence_id": "s", "starts_at": 1, "ends_at": 2, "reason": "r", "created_by": "c"}


def headers(name: str, version: object = 1) -> tuple[tuple[str, bytes], ...]:
    return (("type", name.encode()), ("v", str(version).encode()))


def test_every_event_has_a_strategy_here_and_a_name() -> None:
    classes = {*get_args(events.DeviceEvent), *get_args(events.BroadcastEvent), events.Readings, events.PartitionTaken}
    assert set(EVENTS) == classes
    assert len(EVENT_TYPES) == len(classes)
    assert set(BROADCASTS) == set(get_args(events.BroadcastEvent))


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
@settings(max_examples=40)
@given(data=st.data())
def test_an_event_comes_back_as_it_was(kind: type, data: st.DataObject) -> None:
    event = data.draw(EVENTS[kind])
    written = encode(event)
    assert decode(written.headers, written.body) == event
    assert dict(written.headers)["v"] == b"1"


@settings(max_examples=40)
@given(st.lists(readings, max_size=5))
def test_a_frame_filled_piece_by_piece_is_the_same_frame(entries: list[Reading]) -> None:
    assert encode_frame([encode_reading(entry) for entry in entries]) == encode(Readings(tuple(entries)))


@pytest.mark.parametrize("value", [3, 3.0, True, "3", -0.0, 2**63 - 1, -(2**63), 5e-324])
def test_a_value_keeps_its_kind(value: events.Scalar) -> None:
    written = encode(Readings((Reading("d", START, {"a": value}),)))
    event = decode(written.headers, written.body)
    assert isinstance(event, Readings)
    found = event.entries[0].values["a"]
    assert (type(found), str(found)) == (type(value), str(value))


@pytest.mark.parametrize(
    "entry",
    [
        None,
        {},
        [],
        ["d", START],
        ["d", START, {}, 1],
        [5, START, {}],
        ["a/b", START, {}],
        ["", START, {}],
        ["d", START + 0.5, {}],
        ["d", True, {}],
        ["d", 2**63, {}],
        ["d", START, []],
        ["d", START, {"a": None}],
        ["d", START, {"a": [1]}],
        ["d", START, {"a": {"b": 1}}],
    ],
)
def test_an_entry_that_is_no_reading_does_not_cost_its_frame(entry: Any) -> None:
    good = ["d", START, {"a": 1}]
    event = decode(headers("readings"), orjson.dumps([good, entry, good]))
    assert isinstance(event, Readings)
    assert event.entries == (Reading("d", START, {"a": 1}),) * 2
    assert event.refused == (RefusedEntry(1, orjson.dumps(entry)),)


def test_a_newer_version_is_never_skipped() -> None:
    for name in EVENT_TYPES:
        with pytest.raises(UnknownVersion, match=name):
            decode(headers(name, 2), b"whatever")


@pytest.mark.parametrize(
    ("given_headers", "body"),
    [
        ((), b"{}"),
        ((("type", b"ticked"),), b"{}"),
        ((("v", b"1"),), b"{}"),
        ((("type", None), ("v", None)), b"{}"),
        (headers("ticked", "one"), b'{"interval_ms": 1}'),
        (headers("ticked", 0), b'{"interval_ms": 1}'),
        (headers("ticked", -1), b'{"interval_ms": 1}'),
        ((("type", b"\xff"), ("v", b"1")), b"{}"),
        (headers("boiled"), b"{}"),
        (headers("ticked"), None),
        (headers("ticked"), b""),
        (headers("ticked"), b"\xff"),
        (headers("ticked"), b"[1]"),
        (headers("ticked"), b"{}"),
        (headers("ticked"), b'{"interval_ms": "1"}'),
        (headers("ticked"), b'{"interval_ms": true}'),
        (headers("ticked"), b'{"interval_ms": 1.5}'),
        (headers("ticked"), b'{"interval_ms": 1, "more": 2}'),
        (headers("readings"), b"{}"),
        (headers("readings"), b"null"),
        (headers("status_reported"), b'{"device_id": "d", "ts": 1, "status": "on", "details": {"a": [1]}}'),
        (headers("device_defined"), b'{"version": 1, "device": {"device_id": "d"}}'),
        (headers("device_defined"), b'{"version": 1, "device": {"device_id": "d", "name": "D", "colour": "red"}}'),
        (headers("device_defined"), b'{"version": null, "device": {"device_id": "d", "name": "D"}}'),
        (headers("policy_defined"), b'{"version": 1, "policy": {"lateness_ms": "long"}}'),
        (headers("rule_defined"), b'{"version": 1, "rule_id": "r", "rule": {"name": "R"}}'),
        (headers("rule_defined"), b'{"version": 1, "rule_id": 5, "rule": {}}'),
        (headers("device_defined"), DEEP),
        (headers("silence_defined"), orjson.dumps({"version": 1, "silence": {**SILENCE, "severity": "fatal"}})),
        (headers("silence_defined"), orjson.dumps({"version": 1, "silence": {**SILENCE, "ends_at": None}})),
    ],
)
def test_what_is_no_event_is_undecodable(given_headers: Any, body: bytes | None) -> None:
    with pytest.raises(InvalidInput) as caught:
        decode(given_headers, body)
    assert caught.value.reason in ("undecodable", "invalid_rule")


@settings(max_examples=200)
@given(st.sampled_from(EVENT_TYPES), st.one_of(st.binary(max_size=30), (json | documents).map(orjson.dumps)))
def test_garbage_raises_nothing_but_invalid_input(name: str, body: bytes) -> None:
    try:
        event: Event | None = decode(headers(name), body)
    except InvalidInput:
        event = None
    assert event is None or type(event) in EVENTS


def test_a_body_that_is_too_large_is_not_written() -> None:
    event = DeviceDefined(1, Device("d", "x" * MAX_BODY_BYTES))
    with pytest.raises(ValueError, match="device_defined event of"):
        encode(event)
    with pytest.raises(ValueError, match="readings event of"):
        encode_frame([b"1" * MAX_BODY_BYTES])


def test_a_device_event_knows_its_device() -> None:
    assert device_of(DeviceDefined(1, Device("d", "D"))) == "d"
    assert device_of(events.DeviceClockReset("e")) == "e"
