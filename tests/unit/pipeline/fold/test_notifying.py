"""Silences and storms: alerts are recorded, marked, and not told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipeline.alerts import AlertEvent
from pipeline.events import (
    AlertAcknowledged,
    Device,
    DeviceDefined,
    Reading,
    Readings,
    Silence,
    SilenceDefined,
    SilenceRemoved,
)
from pipeline.policy import DEFAULT_POLICY
from pipeline.selector import Selector
from tests.support.event_logs import START, rule
from tests.support.timeline import Timeline

HOT = rule("threshold", key="a", operator=">", value=100, common={"severity": "info"})


def silence(seconds: int = 60, **more: Any) -> SilenceDefined:
    return SilenceDefined(1, Silence("s", START, START + seconds * 1000, "works", "ann", **more))


@pytest.mark.parametrize(
    ("matching", "notify"),
    [
        ({}, "silenced"),
        ({"device_id": "d"}, "silenced"),
        ({"device_id": "e"}, "yes"),
        ({"rule_id": "r", "severity": "info"}, "silenced"),
        ({"rule_id": "other"}, "yes"),
        ({"severity": "warning"}, "yes"),
        ({"selector": Selector(location="Hall", metadata={"line": 3})}, "silenced"),
        ({"selector": Selector(location="Yard")}, "yes"),
        ({"selector": Selector(metadata={"line": True})}, "yes"),
    ],
)
def test_a_silence_marks_what_it_matches(matching: dict[str, Any], notify: str) -> None:
    line = Timeline(HOT)
    line.add(DeviceDefined(1, Device("d", "D", location="Hall", metadata={"line": 3})))
    line.add(silence(**matching))
    assert line.read(a=101) == ["raised"]
    assert line.last.notify == notify


def test_what_is_still_open_when_the_silence_ends_is_told_then() -> None:
    line = Timeline(HOT)
    line.add(silence(60))
    line.read(a=101)
    assert line.wait(59) == []
    assert line.wait(1) == ["unsilenced"]
    assert (line.last.notify, line.last.sequence) == ("yes", 2)
    assert line.wait(60) == []
    assert line.read(a=99) == ["resolved"]
    assert line.last.notify == "yes"


def test_what_came_and_went_within_a_silence_is_never_told() -> None:
    line = Timeline(HOT)
    line.add(silence(60))
    line.read(a=101)
    line.wait(10)
    assert line.read(a=99) == ["resolved"]
    assert line.last.notify == "silenced"
    assert line.wait(60) == []


def test_an_acknowledged_alert_is_not_unsilenced() -> None:
    line = Timeline(HOT)
    line.add(silence(60))
    line.read(a=101)
    line.word(AlertAcknowledged)
    assert line.wait(100) == []


def test_the_last_silence_that_ends_counts_and_so_does_a_removal() -> None:
    line = Timeline(HOT)
    line.add(silence(60))
    line.add(SilenceDefined(1, Silence("t", START, START + 500_000, "works", "bob", device_id="d")))
    line.read(a=101)
    assert line.wait(100) == []
    line.add(SilenceRemoved(2, "t"))
    assert line.last.transition == "unsilenced"


def test_an_outage_over_a_silences_end_delays_its_telling_only() -> None:
    line = Timeline(HOT)
    line.add(silence(60))
    line.read(a=101)
    line.outage(600)
    assert line.wait(1) == ["unsilenced"]


def test_of_a_storm_only_so_many_are_told_in_a_minute() -> None:
    line = Timeline(HOT, replace(DEFAULT_POLICY, notify_per_minute=3))
    line.wait(40)  # 22:14:00
    line.add(Readings(tuple(Reading(f"d{number}", START + 40_000, {"a": 101}) for number in range(5))))
    marks = [it.notify for it in line.outputs if isinstance(it, AlertEvent)]
    assert marks == ["yes", "yes", "yes", "digest", "digest"]
    line.wait(1)
    line.read("d9", a=101)
    assert line.read("d9", late=-1, a=99) == ["resolved"]
    line.wait(59)
    line.read("d9", a=101)
    marks = [it.notify for it in line.outputs if isinstance(it, AlertEvent) and it.device_id == "d9"]
    assert marks == ["digest", "digest", "yes"]
