"""From pending to resolved: durations, hysteresis, cooling down, escalation, and people's words."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.alerts import AlertEvent, TimerEvidence
from pipeline.events import AlertAcknowledged, AlertClosed, AlertNoted, AlertUnacknowledged
from pipeline.rules.model import Rule
from tests.support.event_logs import START, rule
from tests.support.timeline import Timeline


def hot(**common: Any) -> Rule:
    return rule("threshold", common=common, key="a", operator=">", value=100)


@pytest.mark.parametrize(("second", "told"), [(29, []), (30, ["raised"])])
def test_a_duration_passes_by_a_newer_readings_time(second: int, told: list[str]) -> None:
    line = Timeline(hot(for_seconds=30))
    assert line.read(a=101) == []
    line.outage(second)
    assert line.read(a=101) == told


def test_a_duration_passes_by_ticks_and_is_told_with_its_start() -> None:
    line = Timeline(hot(for_seconds=30))
    line.read(a=101)
    assert line.wait(29) == []
    assert line.wait(1) == ["raised"]
    assert line.wait(100) == []
    assert line.last.evidence.timers == (TimerEvidence("for", START, 30),)
    assert (line.last.opened_at, line.last.value) == (START + 30_000, 101)


def test_a_duration_begins_anew_once_the_condition_did_not_hold() -> None:
    line = Timeline(hot(for_seconds=30))
    line.read(a=101)
    line.wait(20)
    line.read(a=99)
    assert line.wait(20) == []
    line.read(a=101)
    assert line.wait(29) == []
    assert line.wait(1) == ["raised"]


def test_an_outage_of_the_platform_does_not_count() -> None:
    line = Timeline(hot(for_seconds=30))
    line.read(a=101)
    line.wait(10)
    line.outage(3_600)
    assert line.wait(1) == []  # it counts two seconds
    assert line.wait(17) == []
    assert line.wait(1) == ["raised"]


def test_a_clock_that_ran_ahead_and_was_corrected_stays_guarded() -> None:
    line = Timeline(hot(for_seconds=30))
    line.read(late=-240, a=101)
    line.wait(10)
    line.read(a=101)
    line.wait(10)
    line.read(a=101)
    assert line.wait(10) == ["raised"]
    assert line.read(a=99) == ["resolved"]


def test_a_value_that_flaps_a_thousand_times_raises_once() -> None:
    line = Timeline(hot(clear_value=95))
    told = []
    for number in range(1_000):
        line.now += 1
        told += line.read(a=101 if number % 2 == 0 else 96)
    assert told == ["raised"]
    line.now += 1
    assert line.read(a=95) == ["resolved"]


@pytest.mark.parametrize(
    ("operator", "back", "held"), [(">", 95, 95.1), (">=", 94.9, 95), ("<", 105, 104.9), ("<=", 105.1, 105)]
)
def test_hysteresis_ends_where_the_way_back_passes_its_value(operator: str, back: float, held: float) -> None:
    down = operator in (">", ">=")
    made = rule("threshold", common={"clear_value": 95 if down else 105}, key="a", operator=operator, value=100)
    line = Timeline(made)
    assert line.read(a=110 if down else 90) == ["raised"]
    line.now += 1
    assert line.read(a=held) == []
    line.now += 1
    assert line.read(a=back) == ["resolved"]


def test_it_must_be_clear_for_a_while() -> None:
    line = Timeline(hot(clear_for_seconds=10))
    line.read(a=101)
    line.wait(1)
    line.read(a=99)
    assert line.wait(9) == []
    line.read(a=101)
    line.wait(1)
    line.read(a=98)
    assert line.wait(9) == []
    assert line.wait(1) == ["resolved"]
    assert line.last.message == "a 98, no longer > 100"


def test_a_clear_condition_decides_alone() -> None:
    clear = {"type": "threshold", "key": "b", "operator": "==", "value": "closed"}
    line = Timeline(hot(clear=clear))
    assert line.read(a=101) == ["raised"]
    line.now += 1
    assert line.read(a=50) == []
    line.now += 1
    assert line.read(b="open") == []
    line.now += 1
    assert line.read(b="closed") == ["resolved"]
    line.now += 1
    assert line.read(a=101) == ["raised"]
    line.now += 1
    assert line.read(b="closed") == []  # the condition still holds


def test_after_an_end_it_cools_down_and_then_opens_if_it_still_holds() -> None:
    line = Timeline(hot(cooldown_seconds=60))
    line.read(a=101)
    line.wait(1)
    assert line.read(a=99) == ["resolved"]
    line.wait(1)
    assert line.read(a=101) == []
    assert line.wait(58) == []
    assert line.wait(1) == ["raised"]


def test_it_escalates_by_value_and_by_time_upwards_only() -> None:
    steps = [{"after_seconds": 10, "severity": "warning"}, {"value": 120, "severity": "critical"}]
    line = Timeline(hot(severity="info", escalate=steps))
    line.read(a=101)
    assert line.wait(9) == []
    assert line.wait(1) == ["escalated"]
    assert (line.last.severity, line.last.reason) == ("warning", "after_seconds")
    assert line.read(a=121) == ["escalated"]
    event = line.last
    assert (event.severity, event.value, event.reason) == ("critical", 121, "value")
    line.now += 1
    assert line.read(a=102) == []
    assert line.read(late=-1, a=99) == ["resolved"]
    line.now += 2
    assert line.read(a=130) == ["raised"]
    severities = [it.severity for it in line.outputs if isinstance(it, AlertEvent)]
    assert severities == ["info", "warning", "critical", "critical", "critical"]


def test_an_acknowledged_alert_escalates_no_more_by_time() -> None:
    line = Timeline(hot(severity="info", escalate=[{"after_seconds": 10, "severity": "warning"}]))
    line.read(a=101)
    line.wait(8)
    assert line.word(AlertAcknowledged) == ["acknowledged"]
    assert line.wait(8) == []
    assert line.word(AlertUnacknowledged) == ["unacknowledged"]
    assert line.wait(1) == ["escalated"]


def test_an_acknowledgement_can_be_taken_back_for_ten_seconds() -> None:
    line = Timeline(hot())
    line.read(a=101)
    assert line.word(AlertUnacknowledged) == ["unchanged"]
    assert line.word(AlertAcknowledged, "on my way") == ["acknowledged"]
    assert line.last.context["by"] == "ann"
    assert line.last.context["notes"] == "on my way"
    assert line.word(AlertAcknowledged) == ["unchanged"]
    line.wait(10)
    assert line.word(AlertUnacknowledged) == ["unacknowledged"]
    assert line.word(AlertAcknowledged) == ["acknowledged"]
    line.wait(11)
    assert line.word(AlertUnacknowledged) == ["refused too_late"]


def test_a_resolved_alert_can_still_be_acknowledged_noted_and_closed() -> None:
    line = Timeline(hot())
    line.read(a=101)
    line.now += 1
    line.read(a=99)
    assert line.word(AlertAcknowledged) == ["acknowledged"]
    assert line.word(AlertNoted, "") == ["refused no_notes"]
    assert line.word(AlertNoted, "a sensor") == ["noted"]
    assert line.word(AlertClosed) == ["closed"]
    assert line.word(AlertClosed) == ["unchanged"]
    assert line.word(AlertAcknowledged) == ["refused alert_closed"]
    assert line.word(AlertNoted, "later") == ["noted"]
    sequences = [it.sequence for it in line.outputs if isinstance(it, AlertEvent)]
    assert sequences == list(range(1, 7))
    assert line.word(AlertAcknowledged, alert_id="another") == ["refused unknown_alert"]


def test_of_ended_alerts_the_newest_sixteen_are_kept_unacknowledged_ones_first() -> None:
    line = Timeline(hot())
    first = ""
    for number in range(20):
        line.now += 1
        line.read(a=101)
        first = first or line.last.alert_id
        if number == 0:
            unseen = line.last.alert_id
        else:
            line.word(AlertAcknowledged)
            line.wait(11)
        line.now += 1
        line.read(a=99)
    assert len(line.state.devices["d"].ended) == 16
    assert line.word(AlertAcknowledged, alert_id=unseen) == ["acknowledged"]


def test_what_was_closed_by_hand_opens_again_only_after_it_was_clear() -> None:
    line = Timeline(hot())
    line.read(a=101)
    assert line.word(AlertClosed) == ["closed"]
    line.now += 1
    assert line.read(a=102) == []
    line.now += 1
    assert line.read(a=99) == []
    line.now += 1
    assert line.read(a=103) == ["raised"]


@pytest.mark.parametrize(
    ("common", "told"),
    [
        ({"for_seconds": 31}, ["resolved"]),
        ({"for_seconds": 30, "cooldown_seconds": 9}, ["resolved"]),
        ({"for_seconds": 30, "clear_value": 99}, ["resolved"]),
        ({"for_seconds": 30, "selector": {"location": "Hall"}}, ["resolved"]),
        ({"for_seconds": 30, "severity": "critical", "response": "Run."}, []),
        ({"for_seconds": 30, "escalate": [{"after_seconds": 5, "severity": "critical"}]}, []),
    ],
)
def test_a_change_of_what_a_rule_means_ends_its_alert(common: dict[str, Any], told: list[str]) -> None:
    line = Timeline(hot(for_seconds=30))
    line.read(a=101)
    line.wait(30)
    before = len(line.outputs)
    line.define(hot(**common))
    assert [it.transition for it in line.outputs[before:] if isinstance(it, AlertEvent)] == told
