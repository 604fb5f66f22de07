from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from pipeline.alerts import AlertEvent, Cause, Output, ReadingEvidence, RuleSuspended, WindowEvidence
from pipeline.events import (
    Device,
    DeviceDefined,
    DeviceRemoved,
    Event,
    PolicyDefined,
    Reading,
    Readings,
    RuleDefined,
    Scalar,
)
from pipeline.fold import Tally, new_state, step
from pipeline.identifiers import alert_id
from pipeline.policy import Policy
from pipeline.rules.kinds import KINDS
from pipeline.rules.verdict import Verdict, View
from tests.support.event_logs import START, Record, rule
from tests.support.folding import fold

HOT = rule("threshold", name="Hot", key="temperature", operator=">", value=100)
PLANT = Device("d", "Dryer", location="Hall 2", metadata={"keys": {"temperature": {"unit": "°C"}}})


def frame(*entries: tuple[str, int, Mapping[str, Scalar]]) -> Readings:
    return Readings(tuple(Reading(device_id, START + off, values) for device_id, off, values in entries))


def outputs_of(*events: Event | None) -> list[Output]:
    return fold([Record(START, event) for event in events])[1]


def alerts_of(*events: Event | None) -> list[AlertEvent]:
    found = outputs_of(*events)
    assert all(isinstance(it, AlertEvent) for it in found)
    return [it for it in found if isinstance(it, AlertEvent)]


def tally_of(*events: Event) -> Tally:
    state, _ = fold([Record(START, event) for event in events[:-1]])
    return step(state, len(events) - 1, START, events[-1]).tally


def test_a_raised_alert_says_everything_a_person_needs() -> None:
    (raised,) = alerts_of(
        RuleDefined(7, "hot", HOT),
        DeviceDefined(1, PLANT),
        frame(("x", 0, {"p": 1}), ("d", -5, {"temperature": 104.2})),
    )
    assert raised == AlertEvent(
        alert_id=str(alert_id("hot", 7, "d", f"{START - 5}:3:2:1")),
        sequence=1,
        transition="raised",
        rule_id="hot",
        rule_version=7,
        rule_name="Hot",
        device_id="d",
        severity="warning",
        message="temperature 104.2 °C > 100 °C",
        value=104.2,
        threshold=100,
        unit="°C",
        context={"current_temperature": 104.2, "threshold": 100, "device_location": "Hall 2"},
        opened_at=START - 5,
        at=START - 5,
        cause=Cause("iiot.events", 3, 2),
        evidence=raised.evidence,
    )
    assert raised.evidence.readings == (ReadingEvidence("temperature", START - 5, 104.2, 2, 1),)
    assert raised.evidence.windows == ()


def test_it_resolves_when_a_reading_says_so() -> None:
    raised, resolved = alerts_of(
        RuleDefined(1, "hot", HOT),
        frame(("d", 0, {"temperature": 101}), ("d", 1, {"temperature": 102}), ("d", 2, {"temperature": 99.5})),
    )
    assert (resolved.transition, resolved.sequence, resolved.reason) == ("resolved", 2, "condition_cleared")
    assert resolved.alert_id == raised.alert_id
    assert (resolved.opened_at, resolved.at) == (START, START + 2)
    assert resolved.message == "temperature 99.5, no longer > 100"
    assert resolved.context["device_location"] is None


def test_all_keys_of_an_entry_apply_before_a_rule_is_judged() -> None:
    warmer = rule("comparison", key="a", operator=">", other_key="b", max_age_seconds=0)
    for values in ({"a": 2, "b": 1}, {"b": 1, "a": 2}):
        found = alerts_of(RuleDefined(1, "r", warmer), frame(("d", 0, {"a": 0, "b": 5})), frame(("d", 1, values)))
        assert [it.transition for it in found] == ["raised"]
        assert [(it.key, it.offset) for it in found[0].evidence.readings] == [("a", 2), ("b", 2)]


def test_a_remembered_value_keeps_the_coordinates_it_came_with() -> None:
    warmer = rule("comparison", key="a", operator=">", other_key="b")
    (raised,) = alerts_of(
        RuleDefined(1, "r", warmer), frame(("d", 0, {"b": 1})), frame(("d", 9, {"c": 0}), ("d", 10, {"a": 2}))
    )
    assert raised.evidence.readings == (
        ReadingEvidence("a", START + 10, 2, 2, 1),
        ReadingEvidence("b", START, 1, 1, 0),
    )
    assert raised.context == {"current_a": 2, "current_b": 1, "threshold": 1, "device_location": None}


def test_a_window_is_told_with_its_bounds() -> None:
    average = rule("statistical", key="a", aggregate="avg", window_seconds=10, operator=">", value=4)
    (raised,) = alerts_of(
        RuleDefined(1, "r", average), frame(("d", -500, {"a": 3}), ("d", 500, {"a": 6})), frame(("d", 600, {"a": 5}))
    )
    assert raised.evidence.windows == (WindowEvidence("a", "avg", 10, START - 9_000, START + 500, 2, 4.5),)
    assert raised.value == 4.5
    assert raised.context["current_a"] == 6
    assert raised.message == "avg of a over 10 s 4.5 > 4"


def test_late_readings_enter_windows_but_decide_nothing() -> None:
    events: list[Event] = [
        RuleDefined(1, "hot", HOT),
        RuleDefined(
            1, "n", rule("statistical", key="temperature", aggregate="count", window_seconds=60, operator=">", value=2)
        ),
        frame(("d", 0, {"temperature": 1})),
    ]
    assert alerts_of(*events, frame(("d", -10, {"temperature": 500}), ("d", -9, {"temperature": 500}))) == []
    assert tally_of(*events, frame(("d", -10, {"temperature": 500}))) == Tally(late=1)
    found = alerts_of(*events, frame(("d", -10, {"temperature": 500})), frame(("d", 1, {"temperature": 1})))
    assert [it.rule_id for it in found] == ["n"]


def test_readings_beyond_the_lateness_are_counted_only() -> None:
    late = frame(("d", -60_000, {"temperature": 1}), ("d", -60_001, {"temperature": 1}))
    assert tally_of(frame(("d", 0, {"temperature": 1})), late) == Tally(late=1, too_late=1)
    policy = PolicyDefined(1, Policy(lateness_ms=100))
    assert tally_of(policy, frame(("d", 0, {"temperature": 1})), late) == Tally(too_late=2)


def test_the_first_value_of_a_timestamp_wins() -> None:
    twice = frame(("d", 0, {"temperature": 1}), ("d", 0, {"temperature": 500}))
    assert alerts_of(RuleDefined(1, "hot", HOT), twice) == []
    assert tally_of(RuleDefined(1, "hot", HOT), twice) == Tally(applied=1, duplicate=1)


def test_rules_are_told_by_their_ids_within_an_entry() -> None:
    both = [RuleDefined(1, name, HOT) for name in ("b", "a", "c")]
    own = RuleDefined(1, "aa", rule("threshold", "d", key="pressure", operator=">", value=1))
    found = alerts_of(*both, own, frame(("e", 0, {"temperature": 101}), ("d", 0, {"temperature": 101, "pressure": 2})))
    assert [(it.device_id, it.rule_id) for it in found] == [
        ("e", "a"), ("e", "b"), ("e", "c"), ("d", "a"), ("d", "aa"), ("d", "b"), ("d", "c"),
    ]  # fmt: skip


def test_a_rule_for_one_device_leaves_others_alone() -> None:
    mine = rule("threshold", "d", key="temperature", operator=">", value=100)
    found = alerts_of(RuleDefined(1, "r", mine), frame(("e", 0, {"temperature": 101}), ("d", 0, {"temperature": 101})))
    assert [it.device_id for it in found] == ["d"]


@pytest.mark.parametrize(
    "before",
    [
        [DeviceDefined(1, replace(PLANT, active=False))],
        [DeviceRemoved(1, "d")],
        [PolicyDefined(1, Policy(auto_register=False))],
    ],
    ids=["inactive", "removed", "unknown in a strict plant"],
)
def test_readings_of_devices_that_may_not_be_judged_are_ignored(before: list[Event]) -> None:
    readings = frame(("d", 0, {"temperature": 101, "humidity": 5}))
    assert tally_of(RuleDefined(1, "hot", HOT), *before, readings) == Tally(ignored=2)
    assert alerts_of(RuleDefined(1, "hot", HOT), *before, readings) == []


def test_a_strict_plant_accepts_what_is_defined() -> None:
    strict = PolicyDefined(1, Policy(auto_register=False))
    assert tally_of(strict, DeviceDefined(1, PLANT), frame(("d", 0, {"temperature": 1}))) == Tally(applied=1)


def _raise(conditions: Any, view: View) -> Verdict | None:
    raise ZeroDivisionError("made up")


@pytest.fixture
def failing_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "comparison", replace(KINDS["comparison"], judge=_raise))


@pytest.mark.usefixtures("failing_comparison")
def test_a_rule_that_raises_is_suspended_for_the_device_and_the_rest_goes_on() -> None:
    bad = rule("comparison", key="temperature", operator=">", other_key="b")
    found = outputs_of(
        RuleDefined(4, "bad", bad),
        RuleDefined(1, "hot", HOT),
        RuleDefined(1, "aaa", HOT),
        frame(("d", 0, {"temperature": 101}), ("d", 1, {"temperature": 99}), ("e", 1, {"temperature": 101})),
        frame(("d", 2, {"temperature": 101})),
    )
    told = [
        (it.device_id, it.rule_id, it.transition if isinstance(it, AlertEvent) else "suspended")
        for it in found
        if isinstance(it, AlertEvent | RuleSuspended)
    ]
    assert told == [
        ("d", "aaa", "raised"), ("d", "bad", "suspended"), ("d", "hot", "raised"),
        ("d", "aaa", "resolved"), ("d", "hot", "resolved"),
        ("e", "aaa", "raised"), ("e", "bad", "suspended"), ("e", "hot", "raised"),
        ("d", "aaa", "raised"), ("d", "hot", "raised"),
    ]  # fmt: skip
    assert found[1] == RuleSuspended("bad", 4, "d", "ZeroDivisionError: made up", START, Cause("iiot.events", 3, 3))


@pytest.mark.usefixtures("failing_comparison")
def test_a_suspended_rule_is_judged_again_when_it_is_defined_anew() -> None:
    bad = rule("comparison", key="temperature", operator=">", other_key="b")
    events: list[Event] = [RuleDefined(1, "bad", bad), frame(("d", 0, {"temperature": 1}))]
    state, _ = fold([Record(START, event) for event in events])
    assert state.devices["d"].suspended == {"bad": 1}
    assert step(state, 2, START, frame(("d", 1, {"temperature": 1}))).outputs == ()
    found = outputs_of(
        *events, RuleDefined(1, "bad", bad), RuleDefined(2, "bad", HOT), frame(("d", 1, {"temperature": 101}))
    )
    assert [type(it) for it in found] == [RuleSuspended, AlertEvent]


@pytest.mark.usefixtures("failing_comparison")
def test_but_for_the_suspended_rule_the_event_is_folded_as_if_it_were_not_there() -> None:
    bad = RuleDefined(1, "bad", rule("comparison", key="temperature", operator=">", other_key="b"))
    other = RuleDefined(1, "bad", rule("threshold", key="unused", operator=">", value=1))
    readings = frame(("d", 0, {"temperature": 101, "b": 3}))
    with_it = fold([Record(START, it) for it in (bad, readings)])[0].devices["d"]
    without = fold([Record(START, it) for it in (other, readings)])[0].devices["d"]
    assert (with_it.series, with_it.alerts) == (without.series, without.alerts)


def test_a_record_that_could_not_be_decoded_only_moves_position_and_clock() -> None:
    made = step(new_state(1), 0, START, None)
    assert (made.offset, made.journal_time, made.devices, made.registry, made.outputs) == (0, START, {}, None, ())
    assert made.tally == Tally()
