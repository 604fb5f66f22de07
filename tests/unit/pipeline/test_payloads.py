"""What devices send, as the contract allows it and as an attacker would."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InvalidInput
from pipeline.instants import format_instant
from pipeline.payloads import (
    AHEAD_MS,
    MAX_REFUSED,
    Measurement,
    parse_answer,
    parse_status,
    parse_telemetry,
)

NOW = 1_761_592_485_000
scalars = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50),
)
keys = st.from_regex(r"[a-z][a-z0-9_]{0,10}", fullmatch=True).filter(
    lambda key: key not in ("data", "device_id", "timestamp", "ts")
)
values = st.dictionaries(keys, scalars, min_size=1, max_size=8)


def _one(document: object) -> Measurement:
    telemetry = parse_telemetry(orjson.dumps(document), "d1", NOW)
    assert telemetry.refused == []
    (measurement,) = telemetry.measurements
    return measurement


def _reason(payload: bytes) -> str:
    with pytest.raises(InvalidInput) as caught:
        parse_telemetry(payload, "d1", NOW)
    return caught.value.reason


@given(values, st.integers(0, NOW))
def test_flat_wrapped_and_listed_payloads_mean_the_same(given_values: dict[str, Any], ts: int) -> None:
    time = {"timestamp": format_instant(ts)}
    expected = Measurement(ts, given_values)
    assert _one(given_values | time) == expected
    assert _one({"data": given_values} | time) == expected
    assert _one({"data": given_values | time}) == expected
    assert _one([given_values | time]) == expected
    assert _one({"device_id": "d1", "data": given_values} | time) == expected


@given(st.lists(values, min_size=1, max_size=5))
def test_a_list_keeps_its_order(documents: list[dict[str, Any]]) -> None:
    telemetry = parse_telemetry(orjson.dumps(documents), "d1", NOW)
    assert [m.values for m in telemetry.measurements] == documents


def test_nested_objects_flatten_with_dots() -> None:
    assert _one({"motor": {"rpm": 1480, "coil": {"hot": True}}}).values == {"motor.rpm": 1480, "motor.coil.hot": True}


def test_fields_beside_data_are_values_too() -> None:
    assert _one({"data": {"a": 1}, "line": 3}).values == {"a": 1, "line": 3}


def test_data_that_is_a_plain_value_is_a_key_like_any_other() -> None:
    assert _one({"data": 4}).values == {"data": 4}


def test_a_null_is_left_out() -> None:
    assert _one({"a": None, "b": 1}).values == {"b": 1}


def test_numbers_keep_their_kind() -> None:
    found = _one({"i": 1, "f": 1.0, "b": True}).values
    assert [type(found[key]) for key in "ifb"] == [int, float, bool]


@pytest.mark.parametrize(
    ("document", "ts"),
    [
        ({"timestamp": "2025-10-27T19:14:45Z"}, NOW),
        ({"timestamp": "2025-10-27T20:14:45+01:00"}, NOW),
        ({"timestamp": "2025-10-27T19:14:45"}, NOW),
        ({"timestamp": NOW // 1000}, NOW),
        ({"timestamp": NOW}, NOW),
        ({"ts": NOW}, NOW),
        ({"timestamp": None}, None),
        ({}, None),
    ],
)
def test_times_are_read_in_each_allowed_form(document: dict[str, Any], ts: int | None) -> None:
    assert _one({"a": 1, **document}) == Measurement(ts, {"a": 1})


def test_beside_a_timestamp_ts_is_a_value() -> None:
    assert _one({"timestamp": NOW, "ts": 7}) == Measurement(NOW, {"ts": 7})


@pytest.mark.parametrize(("ahead", "accepted"), [(AHEAD_MS, True), (AHEAD_MS + 1, False)])
def test_a_time_may_lie_five_minutes_ahead_of_its_receipt(ahead: int, accepted: bool) -> None:
    payload = orjson.dumps({"a": 1, "timestamp": NOW + ahead})
    if accepted:
        assert parse_telemetry(payload, "d1", NOW).measurements[0].ts == NOW + ahead
    else:
        assert _reason(payload) == "timestamp_ahead"


def test_one_bad_element_costs_no_other() -> None:
    payload = orjson.dumps([{"a": 1}, {"a": [1]}, 7, {"device_id": "d2", "a": 1}, {"a": 2}])
    telemetry = parse_telemetry(payload, "d1", NOW)
    assert [m.values for m in telemetry.measurements] == [{"a": 1}, {"a": 2}]
    assert [(r.element, r.reason) for r in telemetry.refused] == [
        (1, "array_value"),
        (2, "not_telemetry"),
        (3, "device_mismatch"),
    ]
    assert orjson.loads(telemetry.refused[2].raw) == {"device_id": "d2", "a": 1}


def test_a_list_of_garbage_is_reported_once_and_whole() -> None:
    payload = orjson.dumps([1] * (MAX_REFUSED + 1) + [{"a": 1}])
    telemetry = parse_telemetry(payload, "d1", NOW)
    assert len(telemetry.measurements) == 1
    (refused,) = telemetry.refused
    assert (refused.element, refused.raw, refused.reason) == (None, payload, "not_telemetry")
    assert refused.message.startswith("101 of 102 elements")


ATTACKS = [
    (b"", "invalid_json"),
    (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "invalid_json"),
    (b"\xff\xfe{}", "invalid_json"),
    (b'\xef\xbb\xbf{"a":1}', "invalid_json"),
    (b'{"a":NaN}', "invalid_json"),
    (b'{"a":Infinity}', "invalid_json"),
    (b'{"a":1e999}', "invalid_json"),
    (b'{"a":' + b"9" * 5000 + b"}", "invalid_json"),
    (b'{"a":9223372036854775808}', "invalid_json"),
    (b"[" * 100_000, "invalid_json"),
    (b'{"a":1,"a":2}', "invalid_json"),
    (b'{"a":"\\u0000"}', "invalid_json"),
    (b'{"a":"\\ud800"}', "invalid_json"),
    (b'{"a":1}\r\n{"a":2}', "invalid_json"),
    (b"temperature=3", "invalid_json"),
    (b"3", "not_telemetry"),
    (b"null", "not_telemetry"),
    (b'"online"', "not_telemetry"),
    (b"[]", "no_values"),
    (b"{}", "no_values"),
    (b'{"timestamp":"2025-10-27T19:14:45Z"}', "no_values"),
    (b'{"a":null}', "no_values"),
    (b'{"a":{}}', "no_values"),
    (b'{"a":[1,2]}', "array_value"),
    (b'{"data":[{"a":1}]}', "array_value"),
    (b'{"a.b":1,"a":{"b":2}}', "duplicate_key"),
    (b'{"":1}', "invalid_key"),
    (b'{"a\\nb":1}', "invalid_key"),
    (json.dumps({"k" * 65: 1}).encode(), "invalid_key"),
    (json.dumps({"a": {"k" * 63: 1}}).encode(), "invalid_key"),
    (json.dumps({"a": "x" * 1025}).encode(), "value_too_long"),
    (json.dumps({"a": "\u00fc" * 513}).encode(), "value_too_long"),
    (json.dumps({f"k{i}": i for i in range(257)}).encode(), "too_many_keys"),
    (json.dumps({f"k{i}": i for i in range(10_000)}).encode(), "too_many_keys"),
    (b"[" + b"1," * 10_000 + b"1]", "too_many_elements"),
    (b'{"a":1,"device_id":"d2"}', "device_mismatch"),
    (b'{"a":1,"device_id":1}', "device_mismatch"),
    (b'{"a":1,"timestamp":true}', "invalid_timestamp"),
    (b'{"a":1,"timestamp":[]}', "invalid_timestamp"),
    (b'{"a":1,"timestamp":"yesterday"}', "invalid_timestamp"),
    (b'{"a":1,"timestamp":"0000-01-01T00:00:00Z"}', "invalid_timestamp"),
    (b'{"a":1,"timestamp":1e20}', "invalid_timestamp"),
    (b'{"a":1,"timestamp":"9999-12-31T23:59:59Z"}', "timestamp_ahead"),
    (b'{"a":1,"timestamp":"2038-01-19T03:14:08Z"}', "timestamp_ahead"),
]


@pytest.mark.parametrize(("payload", "reason"), ATTACKS, ids=lambda value: repr(value)[:40])
def test_each_attack_is_refused_with_its_reason(payload: bytes, reason: str) -> None:
    assert _reason(payload) == reason


@pytest.mark.parametrize(
    "document",
    [
        {"a": "x" * 1024},
        {"k" * 64: 1},
        {f"k{i}": i for i in range(256)},
        {"__proto__": 1},
        {"a": "1e3"},
        {"a": True},
        {"a": -(2**63)},
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_only_looks_odd_is_accepted(document: dict[str, Any]) -> None:
    assert _one(document).values == document


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    for parse in (parse_telemetry, parse_status, parse_answer):
        try:
            parse(payload, "d1", NOW)
        except InvalidInput as error:
            assert error.reason  # noqa: PT017


json_values = st.recursive(
    st.none() | scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abdeimpst._", max_size=9), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_any_json_is_read_or_refused(document: object) -> None:
    try:
        telemetry = parse_telemetry(orjson.dumps(document), "d1", NOW)
    except InvalidInput:
        return
    for measurement in telemetry.measurements:
        assert all(isinstance(value, int | float | str) for value in measurement.values.values())


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"online", (None, "online", {})),
        (b'"online"', (None, "online", {})),
        (b'{"status":"online"}', (None, "online", {})),
        (
            b'{"status":"online","ts":1761592485,"battery":{"volt":3.3}}',
            (NOW, "online", {"battery.volt": 3.3}),
        ),
    ],
)
def test_a_status_is_a_word_or_an_object(payload: bytes, expected: tuple[object, ...]) -> None:
    assert parse_status(payload, "d1", NOW) == expected


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "invalid_json"),
        (b"true", "invalid_status"),
        (b"null", "invalid_status"),
        (b"7", "invalid_status"),
        (b"{}", "invalid_status"),
        (b'{"status":1}', "invalid_status"),
        (b'{"status":""}', "invalid_status"),
        (b'{"status":"a\\nb"}', "invalid_status"),
        (b'{"status":"online","device_id":"d2"}', "device_mismatch"),
        (b"a" * 65, "invalid_json"),
    ],
)
def test_a_status_that_says_nothing_is_refused(payload: bytes, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_status(payload, "d1", NOW)
    assert caught.value.reason == reason


def test_an_answer_keeps_its_body_as_it_came() -> None:
    body = {"command_id": "c-1", "ok": True, "timestamp": NOW, "device_id": "d1", "result": [1, {"a": None}]}
    assert parse_answer(orjson.dumps(body), "d1", NOW) == (NOW, "c-1", body)


@pytest.mark.parametrize("payload", [b"[]", b"{}", b'{"command_id":7}', b'{"command_id":""}'])
def test_an_answer_without_its_command_is_refused(payload: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_answer(payload, "d1", NOW)
    assert caught.value.reason == "invalid_answer"
