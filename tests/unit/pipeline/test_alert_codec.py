from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.alert_codec import alert_document, decode_output, encode_output, output_id, record_id
from pipeline.alerts import AlertEvent, Cause, Output, RuleSuspended
from pipeline.errors import InvalidInput, UnknownVersion
from tests.support.event_strategies import alerts, json, outputs

START = 1_700_000_000_123
ALERT = AlertEvent(
    alert_id="5b1f3c52-7d0e-5f0a-9d6b-8f0c54a8a1d1",
    sequence=2,
    transition="resolved",
    rule_id="hot",
    rule_version=1,
    rule_name="Hot",
    device_id="d",
    severity="warning",
    message="temperature 99 °C, no longer > 100 °C",
    value=99,
    threshold=100,
    unit="°C",
    context={"current_temperature": 99, "device_location": None},
    opened_at=START,
    at=START + 877,
    cause=Cause("iiot.events", 3, 41),
)
SUSPENDED = RuleSuspended("hot", 1, "d", "ZeroDivisionError", START, Cause("iiot.events", 3, 41))


@settings(max_examples=200)
@given(outputs)
def test_an_output_comes_back_as_it_was(output: Output) -> None:
    written = encode_output(output)
    assert decode_output(written.headers, written.body) == output
    assert record_id(written.headers) == output_id(output)
    assert encode_output(output) == written


def test_an_alert_record_is_a_cloud_event_in_binary_mode() -> None:
    written = encode_output(ALERT)
    assert dict(written.headers) == {
        "ce_specversion": b"1.0",
        "ce_id": b"5b1f3c52-7d0e-5f0a-9d6b-8f0c54a8a1d1-2",
        "ce_source": b"insa-iiot/detect",
        "ce_type": b"insa.iiot.alert.resolved",
        "ce_subject": b"d",
        "ce_time": b"2023-11-14T22:13:21Z",
        "content-type": b"application/json",
        "v": b"1",
    }
    body = orjson.loads(written.body)
    assert body == alert_document(ALERT)
    assert (body["opened_at"], body["at"]) == ("2023-11-14T22:13:20.123Z", "2023-11-14T22:13:21Z")
    assert body["cause"] == {"topic": "iiot.events", "partition": 3, "offset": 41}


@given(alerts, alerts)
def test_ids_differ_where_alert_or_sequence_differ(one: AlertEvent, other: AlertEvent) -> None:
    other = replace(other, alert_id=one.alert_id)
    assert (output_id(one) == output_id(other)) is (one.sequence == other.sequence)


def test_a_suspension_has_an_id_for_each_rule_device_and_record() -> None:
    others = [
        replace(SUSPENDED, rule_id="x"),
        replace(SUSPENDED, device_id="x"),
        replace(SUSPENDED, cause=Cause("iiot.events", 3, 42)),
        replace(SUSPENDED, cause=Cause("iiot.events", 4, 41)),
    ]
    assert len({output_id(it) for it in (SUSPENDED, *others)}) == 5


@pytest.mark.parametrize("output", [ALERT, SUSPENDED])
def test_a_newer_version_is_never_skipped(output: Output) -> None:
    written = encode_output(output)
    with pytest.raises(UnknownVersion):
        decode_output((*written.headers[:-1], ("v", b"2")), written.body)


def _changed(output: Output, **headers: Any) -> tuple[Any, bytes]:
    written = encode_output(output)
    return tuple({**dict(written.headers), **headers}.items()), written.body


def _body(output: Output, **changed: Any) -> tuple[Any, bytes]:
    written = encode_output(output)
    return written.headers, orjson.dumps({**orjson.loads(written.body), **changed})


@pytest.mark.parametrize(
    "record",
    [
        ((), b"{}"),
        _changed(ALERT, v=None),
        _changed(ALERT, ce_type=None),
        _changed(ALERT, v=b"0"),
        _changed(ALERT, v=b"x"),
        _changed(ALERT, ce_type=b"insa.iiot.alert.raised"),
        _changed(ALERT, ce_type=b"insa.iiot.alert.boiled"),
        _changed(ALERT, ce_type=b"resolved"),
        _changed(ALERT, ce_type=b"somebody.elses"),
        _changed(ALERT, ce_type=b"\xff"),
        (encode_output(ALERT).headers, None),
        (encode_output(ALERT).headers, b""),
        (encode_output(ALERT).headers, b"[]"),
        (encode_output(ALERT).headers, b"null"),
        _body(ALERT, sequence="2"),
        _body(ALERT, severity="fatal"),
        _body(ALERT, at="yesterday"),
        _body(ALERT, cause=None),
        _body(ALERT, evidence=[]),
        _body(ALERT, evidence={"readings": [5], "windows": []}),
        _body(ALERT, context={"a": [1]}),
        _body(ALERT, value={}),
        _body(SUSPENDED, error=None),
        _body(SUSPENDED, at=None),
    ],
)
def test_what_is_no_output_is_undecodable(record: tuple[Any, bytes | None]) -> None:
    with pytest.raises(InvalidInput) as caught:
        decode_output(*record)
    assert caught.value.reason == "undecodable"


@settings(max_examples=200)
@given(st.sampled_from((ALERT, SUSPENDED)), st.one_of(st.binary(max_size=30), json.map(orjson.dumps)))
def test_garbage_raises_nothing_but_invalid_input(output: Output, body: bytes) -> None:
    with pytest.raises(InvalidInput):
        decode_output(encode_output(output).headers, body)


@pytest.mark.parametrize("headers", [(), (("ce_id", None),), (("ce_id", b""),), (("v", b"1"),)])
def test_a_record_without_an_id_has_none(headers: Any) -> None:
    assert record_id(headers) is None
