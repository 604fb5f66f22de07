"""Absence, schedules, presence and clocks: what time alone makes happen, and what an outage does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pipeline import events
from pipeline.alerts import AlertEvent, DeviceStatus
from pipeline.events import Device, DeviceClockReset, DeviceDefined, Reading, StatusReported
from pipeline.instants import from_datetime
from pipeline.policy import DEFAULT_POLICY, Policy
from pipeline.rules.conditions import Window
from pipeline.rules.time_based import is_inside
from tests.support.event_logs import START, rule
from tests.support.timeline import Timeline

CALM = replace(DEFAULT_POLICY, offline_after_ms=0)
SILENT = rule("absence", key="a", seconds=60)


def test_an_absence_opens_once_by_ticks_and_ends_with_the_next_reading() -> None:
    line = Timeline(SILENT, CALM)
    line.read(a=1)
    assert line.wait(59) == []
    assert line.wait(1) == ["raised"]
    assert line.last.message == "no a for 60 s"
    assert line.wait(300) == []
    assert line.read(a=1) == ["resolved"]
    assert line.wait(60) == ["raised"]


def test_other_keys_do_not_end_the_absence_of_one_but_that_of_any() -> None:
    line = Timeline(SILENT, CALM)
    line.read(a=1)
    line.wait(40)
    line.read(b=1)
    assert line.wait(20) == ["raised"]
    any_key = Timeline(rule("absence", seconds=60), CALM)
    any_key.read(a=1)
    any_key.wait(40)
    any_key.read(b=1)
    assert any_key.wait(59) == []
    assert any_key.wait(1) == ["raised"]


@pytest.mark.parametrize("away", [600, 3_600])
def test_while_the_platform_is_away_nothing_is_absent(away: int) -> None:
    line = Timeline(SILENT, CALM)
    line.read(a=1, b=1)
    line.wait(10)
    line.outage(away)
    assert line.read(b=1) == []
    assert line.wait(5) == []
    assert line.read(a=1) == []
    assert line.wait(59) == []
    assert line.wait(1) == ["raised"]


def test_an_old_year_replayed_in_a_moment_has_the_absences_it_had() -> None:
    line = Timeline(SILENT, CALM)
    line.now = 1_000_000
    assert line.read(late=900_000, a=1) == []
    assert line.read(late=899_941, b=1) == []
    assert line.read(late=899_940, b=1) == ["raised"]
    assert line.read(late=899_000, a=1) == ["resolved"]
    assert line.read(late=898_000, a=1) == ["raised", "resolved"]


def test_a_rule_for_one_device_waits_from_its_definition_on() -> None:
    line = Timeline(None, CALM)
    line.read("d", b=1)
    line.read("e", b=1)
    line.define(rule("absence", "d", key="a", seconds=60))
    assert line.wait(60) == ["raised"]
    assert line.last.device_id == "d"


def test_a_device_silent_before_a_rule_was_defined_is_found_too() -> None:
    line = Timeline(None, CALM)
    line.read(a=1)
    line.wait(500)
    line.define(SILENT)
    assert line.wait(59) == []
    assert line.wait(1) == ["raised"]


def test_neither_inactive_nor_removed_devices_are_absent() -> None:
    line = Timeline(SILENT, CALM)
    line.read(a=1)
    line.add(DeviceDefined(1, Device("d", "D", active=False)))
    assert line.wait(100) == []
    line.add(DeviceDefined(2, Device("d", "D")))
    assert line.wait(60) == ["raised"]
    line.add(events.DeviceRemoved(3, "d"))
    assert line.last.reason == "device_removed"
    assert line.wait(100) == []


def test_a_device_goes_offline_by_silence_and_comes_back() -> None:
    line = Timeline(rule("threshold", key="$status", operator="==", value="offline"), Policy(offline_after_ms=30_000))
    line.read(a=1)
    assert line.wait(29) == []
    assert line.wait(1) == ["offline by silence", "raised"]
    assert line.last.evidence.readings[0].value == "offline"
    assert line.wait(100) == []
    assert line.read(a=1) == ["online by reading", "resolved"]
    assert line.wait(30) == ["offline by silence", "raised"]


def test_a_reported_status_counts_at_once_and_once() -> None:
    line = Timeline(rule("threshold", key="$status", operator="==", value="offline"), CALM)
    assert line.add(StatusReported("d", START, "online"))
    assert line.add(StatusReported("d", START, "online")) == []
    told = line.add(StatusReported("d", START + 5, "offline"))
    assert [type(it) for it in told] == [DeviceStatus, AlertEvent]
    assert line.read(a=1) == ["online by reading", "resolved"]


def test_a_device_cannot_say_its_status_as_a_value() -> None:
    line = Timeline(rule("threshold", key="$status", operator="==", value="offline"), CALM)
    assert line.add(events.Readings((Reading("d", START, {"$status": "offline", "a": 1}),))) == []


def test_an_outage_makes_nothing_offline() -> None:
    line = Timeline(None, Policy(offline_after_ms=30_000))
    line.read(a=1)
    line.wait(20)
    line.outage(3_600)
    assert line.wait(5) == []


def test_a_clock_that_is_behind_is_shown_after_a_minute_until_it_is_forgiven() -> None:
    line = Timeline(rule("threshold", key="a", operator=">", value=1), CALM)
    line.read(a=1)
    line.wait(1)
    told = []
    for _ in range(61):
        line.wait(1)
        told += line.read(late=7_200, a=5)
    assert told == ["clock_behind"]
    line.add(DeviceClockReset("d"))
    assert line.state.devices["d"].is_behind is False
    line.wait(1)
    assert line.read(late=7_200, a=5) == ["raised"]


def test_a_clock_that_is_right_again_is_behind_no_more() -> None:
    line = Timeline(None, CALM)
    line.read(a=1)
    for _ in range(61):
        line.wait(1)
        line.read(late=7_200, a=5)
    assert line.state.devices["d"].is_behind
    line.wait(1)
    assert line.read(a=1) == ["online by clock"]


def schedule(when: str = "inside", zone: str = "UTC", **more: Any) -> Any:
    windows = [{"start": "22:10", "end": "22:14"}, {"start": "22:16", "end": "22:17"}]
    return rule("time_based", windows=windows, timezone=zone, when=when, **more)


def test_a_schedule_opens_on_readings_and_closes_on_ticks_too() -> None:
    line = Timeline(schedule(), CALM)  # it begins at 22:13:20
    assert line.wait(5) == []
    assert line.read(a=1) == ["raised"]
    assert line.last.message == "inside 22:10-22:14 and 22:16-22:17 (UTC)"
    assert line.wait(34) == []
    assert line.wait(1) == ["resolved"]
    assert line.wait(120) == []
    assert line.read(a=1) == ["raised"]
    line.now += 60
    assert line.read(a=1) == ["resolved"]


def test_a_schedule_with_a_condition_needs_both() -> None:
    line = Timeline(schedule(condition={"type": "threshold", "key": "a", "operator": ">", "value": 5}), CALM)
    assert line.read(a=5) == []
    line.now += 1
    assert line.read(a=6) == ["raised"]
    assert line.last.message == "a 6 > 5, inside 22:10-22:14 and 22:16-22:17 (UTC)"
    line.now += 60
    assert line.read(a=6) == ["resolved"]


def test_an_old_years_schedule_is_not_closed_by_todays_clock() -> None:
    line = Timeline(schedule(), CALM)
    line.now = 86_400 * 300 + 3_600 * 7  # another hour of another day
    line.wait(1)
    assert line.read(late=line.now, a=1) == ["raised"]
    assert line.wait(39) == []
    assert line.wait(1) == ["resolved"]


def inside(
    zone: str, local: str, *windows: tuple[str, str], fold: int = 0, days: tuple[str, ...] | None = None
) -> bool:
    moment = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone), fold=fold)
    given = {} if days is None else {"days": days}
    made = tuple(Window.model_validate({"start": start, "end": end, **given}) for start, end in windows)
    return is_inside(made, zone, from_datetime(moment))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_windows_are_by_the_local_clock_past_midnight_and_several_a_day(zone: str) -> None:
    night = ("22:00", "06:00")
    for local, expected in [("2024-07-01T22:00", True), ("2024-07-02T05:59", True), ("2024-07-02T06:00", False)]:
        assert inside(zone, local, night) is expected
        assert inside(zone, local, night, days=("mon",)) is expected  # it starts on Monday
    assert inside(zone, "2024-07-01T05:00", night, days=("mon",)) is False
    shifts = (("06:00", "09:00"), ("17:00", "24:00"))
    for local, expected in [("T08:59", True), ("T09:00", False), ("T17:00", True), ("T23:59", True)]:
        assert inside(zone, f"2024-07-01{local}", *shifts) is expected


@pytest.mark.parametrize(
    ("zone", "skipped", "before", "after"),
    [
        ("Europe/Berlin", ("02:15", "02:45"), "2024-03-31T01:59", "2024-03-31T03:00"),
        ("America/New_York", ("02:15", "02:45"), "2024-03-10T01:59", "2024-03-10T03:00"),
        ("Australia/Lord_Howe", ("02:05", "02:25"), "2024-10-06T01:59", "2024-10-06T02:30"),
        ("America/Santiago", ("00:15", "00:45"), "2024-09-07T23:59", "2024-09-08T01:00"),
    ],
)
def test_an_hour_that_a_clock_skips_is_in_no_window(
    zone: str, skipped: tuple[str, str], before: str, after: str
) -> None:
    first = from_datetime(datetime.fromisoformat(before).replace(tzinfo=ZoneInfo(zone)))
    last = from_datetime(datetime.fromisoformat(after).replace(tzinfo=ZoneInfo(zone)))
    assert last - first == 60_000
    window = (Window(start=skipped[0], end=skipped[1]),)
    assert not any(is_inside(window, zone, instant) for instant in range(first, last + 1, 1_000))
    assert inside(zone, after, ("01:50", "03:10") if zone != "America/Santiago" else ("23:50", "01:10"))


@pytest.mark.parametrize(
    ("zone", "local", "window"),
    [
        ("Europe/Berlin", "2024-10-27T02:30", ("02:15", "02:45")),
        ("America/New_York", "2024-11-03T01:30", ("01:15", "01:45")),
        ("Australia/Lord_Howe", "2024-04-07T01:45", ("01:40", "01:50")),
        ("America/Santiago", "2024-04-06T23:30", ("23:15", "23:45")),
    ],
)
def test_an_hour_that_a_clock_shows_twice_is_in_its_window_twice(
    zone: str, local: str, window: tuple[str, str]
) -> None:
    moment = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone))
    assert from_datetime(moment) != from_datetime(moment.replace(fold=1))
    assert inside(zone, local, window)
    assert inside(zone, local, window, fold=1)
    between = (from_datetime(moment) + from_datetime(moment.replace(fold=1))) // 2
    assert not is_inside((Window(start=window[0], end=window[1]),), zone, between)
