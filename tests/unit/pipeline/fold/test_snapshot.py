from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.errors import InvalidInput
from pipeline.events import Reading, Readings, RuleDefined, RuleRemoved
from pipeline.fold.snapshot import (
    PositionRecord,
    assemble,
    decode_device,
    decode_position,
    decode_registry_item,
    encode_device,
    encode_position,
    encode_registry_item,
    registry_key,
)
from tests.support.event_logs import PARTITION, START, Log, Record, logs, rule
from tests.support.folding import device_pieces, fold, position_of, registry_pieces

HOT = rule("threshold", key="a", operator=">", value=1)


@given(logs())
def test_every_piece_of_a_state_comes_back_as_it_was(log: Log) -> None:
    state, _ = fold(log)
    for device_id, device in state.devices.items():
        assert decode_device(encode_device(device_id, device)) == (device_id, device)
    for item in state.registry.items():
        assert decode_registry_item(encode_registry_item(item)) == item


@given(
    st.builds(
        PositionRecord,
        *[st.integers(min_value=-1, max_value=2**62)] * 3,
        st.text(max_size=40),
        *[st.integers(min_value=0, max_value=2**62)] * 3,
    )
)
def test_a_position_record_comes_back_as_it_was(record: PositionRecord) -> None:
    assert decode_position(encode_position(record)) == record


@pytest.mark.parametrize("value", [3, 3.0, True, "3", 2**64 - 1, -(2**63)])
def test_a_remembered_value_keeps_its_kind(value: object) -> None:
    state, _ = fold([Record(START, Readings((Reading("d", START, {"a": value}),)))])  # type: ignore[dict-item]
    _, device = decode_device(encode_device("d", state.devices["d"]))
    assert device.series["a"].last.value == value
    assert type(device.series["a"].last.value) is type(value)


@given(st.binary(max_size=40))
@example(b"\x92\xa1\xff\x90")
@example(b"\x95\xa4rule\xa1r\x01\x01\xa1\xff")
@example(b"\x95\xa4rule\xa1r\x01\x01\x90")
def test_bytes_that_are_no_piece_raise_nothing_but_that(data: bytes) -> None:
    for decode in (decode_device, decode_registry_item, decode_position):
        with suppress(InvalidInput):
            decode(data)


def test_the_newest_version_that_the_position_includes_is_chosen() -> None:
    log = [Record(START, RuleDefined(1, "r", HOT)), Record(START, None), Record(START, RuleRemoved(2, "r"))]
    before, after = fold(log[:2])[0], fold(log)[0]
    pieces = [*registry_pieces(after).values(), *registry_pieces(before).values()]
    assert [registry_key(item) for item in assemble(PARTITION, position_of(before), [], pieces).registry.items()] == [
        "rule/r/0"
    ]
    assert [registry_key(item) for item in assemble(PARTITION, position_of(after), [], pieces).registry.items()] == [
        "rule/r/2"
    ]


def test_a_snapshot_with_missing_pieces_is_refused() -> None:
    state, _ = fold(
        [Record(START, RuleDefined(1, "r", HOT)), Record(START, Readings((Reading("d", START, {"a": 1}),)))]
    )
    devices, items = device_pieces(state).values(), registry_pieces(state).values()
    assert assemble(PARTITION, position_of(state), devices, items).position == 1
    for present, there in (([], items), (devices, [])):
        with pytest.raises(InvalidInput, match="0 of 1"):
            assemble(PARTITION, position_of(state), present, there)
    with pytest.raises(InvalidInput, match="0 of 1 registry"):
        assemble(PARTITION, replace(position_of(state), position=-1), devices, items)


def test_a_rule_changed_before_a_devices_newer_state_does_not_end_its_alert_again() -> None:
    changed = rule("threshold", key="a", operator=">", value=2)
    log = [
        Record(START, RuleDefined(1, "r", HOT)),
        Record(START, RuleDefined(2, "r", changed)),
        Record(START, Readings((Reading("d", START, {"a": 5}),))),
    ]
    before, after = fold(log[:1])[0], fold(log)[0]
    mixed = assemble(PARTITION, position_of(before), device_pieces(after).values(), registry_pieces(before).values())
    replayed, outputs = fold(log, mixed)
    assert outputs == []
    assert replayed.devices["d"].alerts == after.devices["d"].alerts != {}
