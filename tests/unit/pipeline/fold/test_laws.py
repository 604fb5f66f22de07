"""What holds of the fold for any log."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.alert_codec import encode_output
from pipeline.alerts import AlertEvent, CommandOutcome, Output
from pipeline.events import AlertAcknowledged, AlertClosed, AlertNoted, AlertUnacknowledged, Readings
from pipeline.fold import State, apply, new_state, step
from pipeline.fold.marks import NEVER
from pipeline.fold.snapshot import assemble
from pipeline.rules.base import SEVERITIES
from tests.support.event_logs import PARTITION, Log, Record, logs, timed_logs
from tests.support.folding import (
    device_pieces,
    fold,
    picture,
    position_of,
    registry_pieces,
    reloaded,
    said,
)
from tests.support.naive_detection import NaiveDetection, Said
from tests.support.naive_timing import NaiveTiming, Told

MANY = 60
many = settings(max_examples=MANY)


@many
@given(logs(max_size=40, wide=False))
def test_alerts_are_those_of_a_naive_reading_of_the_rules(log: Log) -> None:
    naive = NaiveDetection()
    expected = [it for offset, (timestamp, event) in enumerate(log) for it in naive.fold(offset, timestamp, event)]
    told = [said(output) for output in fold(log)[1] if isinstance(output, AlertEvent)]
    found = [it for it in told if it.transition in ("raised", "resolved")]
    assert [_exact(it) for it in found] == [_exact(it) for it in expected]
    for one, other in zip(found, expected, strict=True):
        assert one.value == (pytest.approx(other.value, rel=1e-12) if isinstance(other.value, float) else other.value)
        assert one.threshold == other.threshold


@settings(max_examples=4 * MANY)
@given(timed_logs())
def test_transitions_are_those_of_a_naive_reading_that_looks_at_everything_on_every_tick(log: Log) -> None:
    naive = NaiveTiming()
    expected = [it for offset, (timestamp, event) in enumerate(log) for it in naive.tell(offset, timestamp, event)]
    found = [
        Told(it.transition, it.rule_id, it.device_id, it.severity, it.at, it.cause.offset)
        for it in fold(log)[1]
        if isinstance(it, AlertEvent)
    ]
    assert found == expected


def _exact(it: Said) -> Said:
    return it._replace(value=None, threshold=None, sequence=0)


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
    assert _alerts(outputs) == _alerts(outputs_again)
    assert _series_without_coordinates(state) == _series_without_coordinates(again)


def _alerts(outputs: list[Output]) -> list[Said]:
    return [said(it)._replace(offset=0) for it in outputs if isinstance(it, AlertEvent)]


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
        elif it.transition in ("resolved", "closed") and open_now.get(name) == it.alert_id:
            del open_now[name]
        elif it.transition in ("escalated", "unsilenced"):
            assert open_now[name] == it.alert_id
    for story in told.values():
        assert [it.sequence for it in story] == list(range(1, len(story) + 1))
        transitions = [it.transition for it in story]
        assert transitions[0] == "raised"
        assert transitions.count("raised") == 1
        assert transitions.count("resolved") <= 1
        assert transitions.count("closed") <= 1
        assert len({(it.rule_version, it.rule_name, it.opened_at) for it in story}) == 1
        ranks = [SEVERITIES.index(it.severity) for it in story]
        assert ranks == sorted(ranks)
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


WORDS = (AlertAcknowledged, AlertUnacknowledged, AlertNoted, AlertClosed)


@many
@given(logs())
def test_each_word_of_a_person_has_one_outcome(log: Log) -> None:
    _, outputs = fold(log)
    spoken = {"acknowledged", "unacknowledged", "noted", "closed"}
    outcomes = Counter(
        it.cause.offset
        for it in outputs
        if isinstance(it, CommandOutcome) or (isinstance(it, AlertEvent) and it.transition in spoken)
    )
    assert outcomes == Counter(offset for offset, (_, event) in enumerate(log) if isinstance(event, WORDS))


@many
@given(logs())
def test_a_snapshot_knows_the_same_timers_silenced_alerts_and_storms(log: Log) -> None:
    state, _ = fold(log)
    again = reloaded(state)
    assert (again.muted, again.storms) == (state.muted, state.storms)
    due = {(device.due, name) for name, device in state.devices.items() if device.due < NEVER}
    assert due <= set(state.timers)
    assert set(again.timers) == due
    assert all(time > state.ticked for time, _ in due)
