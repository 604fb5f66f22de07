"""What holds of the fold for any log."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.alert_codec import encode_output
from pipeline.alerts import AlertEvent, Output
from pipeline.events import Readings
from pipeline.fold import State, apply, new_state, step
from pipeline.fold.snapshot import assemble
from tests.support.event_logs import Log, Record, logs
from tests.support.folding import (
    PARTITION,
    device_pieces,
    fold,
    picture,
    position_of,
    registry_pieces,
    reloaded,
    said,
)
from tests.support.naive_detection import NaiveDetection, Said

MANY = 60
many = settings(max_examples=MANY)


@many
@given(logs(max_size=40))
def test_alerts_are_those_of_a_naive_reading_of_the_rules(log: Log) -> None:
    naive = NaiveDetection()
    expected = [it for offset, (timestamp, event) in enumerate(log) for it in naive.fold(offset, timestamp, event)]
    found = [said(output) for output in fold(log)[1]]
    assert [_exact(it) for it in found] == [_exact(it) for it in expected]
    for one, other in zip(found, expected, strict=True):
        assert one.value == (pytest.approx(other.value, rel=1e-12) if isinstance(other.value, float) else other.value)
        assert one.threshold == other.threshold


def _exact(it: Said) -> Said:
    return it._replace(value=None, threshold=None)


@many
@given(logs(), st.sets(st.integers(min_value=0, max_value=24)))
def test_a_crash_at_any_point_changes_nothing(log: Log, cuts: set[int]) -> None:
    expected_state, expected = fold(log)
    state, outputs = new_state(PARTITION), list[Output]()
    for cut in [*sorted(cuts), len(log)]:
        state, more = fold(log[:cut], reloaded(state))
        outputs += more
    assert picture(state) == picture(expected_state)
    assert [encode_output(it) for it in outputs] == [encode_output(it) for it in expected]


@many
@given(logs(), st.data())
def test_a_snapshot_cut_off_half_way_is_harmless(log: Log, data: st.DataObject) -> None:
    expected_state, expected = fold(log)
    position = data.draw(st.integers(min_value=0, max_value=len(log)), "records before the position record")
    rounds = data.draw(st.lists(st.integers(min_value=position, max_value=len(log)), max_size=3), "later rounds")
    base = fold(log[:position])[0]
    newer = [fold(log[:end])[0] for end in sorted(rounds)]
    devices, items = device_pieces(base), registry_pieces(base)
    for state in newer:
        items |= _some(data, registry_pieces(state))
        devices |= _some(data, device_pieces(state))
    mixed = assemble(PARTITION, position_of(base), devices.values(), items.values())
    included = {device_id: device.offset for device_id, device in mixed.devices.items()}
    state, outputs = fold(log, mixed)
    assert picture(state) == picture(expected_state)
    assert outputs == [it for it in expected if it.cause.offset > max(position - 1, included.get(it.device_id, -1))]


def _some(data: st.DataObject, pieces: dict[str, bytes]) -> dict[str, bytes]:
    names = data.draw(st.sets(st.sampled_from(sorted(pieces))) if pieces else st.just(set[str]()), "pieces written")
    return {name: pieces[name] for name in names}


@many
@given(logs())
def test_a_step_leaves_the_state_as_it_was(log: Log) -> None:
    state = new_state(PARTITION)
    for offset, (timestamp, event) in enumerate(log):
        before = picture(state)
        first = step(state, offset, timestamp, event)
        assert picture(state) == before
        assert step(state, offset, timestamp, event) == first
        apply(state, first)
        after = picture(state)
        apply(state, first)
        assert picture(state) == after


@many
@given(logs())
def test_only_what_a_record_touches_is_changed(log: Log) -> None:
    state = new_state(PARTITION)
    for offset, (timestamp, event) in enumerate(log):
        before = device_pieces(state)
        made = step(state, offset, timestamp, event)
        apply(state, made)
        changed = {name for name, piece in device_pieces(state).items() if piece != before.get(name)}
        assert changed == set(made.devices)
        assert all(made.devices[name].offset == offset for name in changed)


@many
@given(logs(settled=True), st.data())
def test_readings_that_come_again_change_nothing(log: Log, data: st.DataObject) -> None:
    doubled: list[Record] = []
    for record in log:
        doubled.append(record)
        seen = [it.event for it in doubled if isinstance(it.event, Readings)]
        if seen:
            doubled += [
                Record(record.timestamp, again) for again in data.draw(st.lists(st.sampled_from(seen), max_size=2))
            ]
    state, outputs = fold(log)
    again, outputs_again = fold(doubled)
    assert [_timeless(it) for it in outputs] == [_timeless(it) for it in outputs_again]
    assert _series_without_coordinates(state) == _series_without_coordinates(again)


def _timeless(output: Output) -> Said:
    return said(output)._replace(offset=0)


def _series_without_coordinates(state: State) -> object:
    return {
        (device_id, key): (series.newest, series.floor, series.memory, series.rings, series.last.ts, series.last.value)
        for device_id, device in state.devices.items()
        for key, series in device.series.items()
    }


@many
@given(logs(max_size=40))
def test_each_alert_is_told_once_from_raised_to_resolved(log: Log) -> None:
    state, outputs = fold(log)
    alerts = [it for it in outputs if isinstance(it, AlertEvent)]
    told: dict[str, list[AlertEvent]] = {}
    open_now: dict[tuple[str, str], str] = {}
    for it in alerts:
        told.setdefault(it.alert_id, []).append(it)
        name = (it.rule_id, it.device_id)
        if it.transition == "raised":
            assert name not in open_now
            open_now[name] = it.alert_id
        else:
            assert open_now.pop(name) == it.alert_id
    for story in told.values():
        assert [it.sequence for it in story] == list(range(1, len(story) + 1))
        assert [it.transition for it in story] in (["raised"], ["raised", "resolved"])
        assert len({(it.rule_version, it.rule_name, it.severity, it.opened_at) for it in story}) == 1
    kept = {
        (rule_id, name): alert.alert_id for name, it in state.devices.items() for rule_id, alert in it.alerts.items()
    }
    assert kept == open_now


@many
@given(logs())
def test_every_value_has_one_fate(log: Log) -> None:
    state = new_state(PARTITION)
    fates: Counter[str] = Counter()
    for offset, (timestamp, event) in enumerate(log):
        made = step(state, offset, timestamp, event)
        apply(state, made)
        tally = made.tally
        counted = tally.applied + tally.late + tally.too_late + tally.duplicate + tally.ignored
        assert counted == (sum(len(it.values) for it in event.entries) if isinstance(event, Readings) else 0)
        fates["all"] += counted
    assert fates["all"] >= 0
