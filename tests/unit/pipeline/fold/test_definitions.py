from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.events import (
    Device,
    DeviceDefined,
    DeviceRemoved,
    Event,
    PolicyDefined,
    Reading,
    Readings,
    RuleDefined,
    RuleRemoved,
    Silence,
    SilenceDefined,
    SilenceRemoved,
)
from pipeline.policy import Policy
from pipeline.rules.model import Rule
from tests.support.event_logs import START, Record, rule
from tests.support.folding import fold, said

HOT = rule("threshold", key="a", operator=">", value=1)
OPENED: list[Event] = [
    RuleDefined(2, "hot", HOT),
    Readings(tuple(Reading(device_id, START, {"a": 5}) for device_id in ("e", "d"))),
]


def told(*events: Event) -> list[tuple[str, str, int, str]]:
    """Device, transition, rule version and reason of what follows the two opened alerts."""
    records = [Record(START + 10 * offset, event) for offset, event in enumerate([*OPENED, *events])]
    _, outputs = fold(records)
    assert {it.transition for it in map(said, outputs[:2])} == {"raised"}
    return [(it.device_id, it.transition, it.rule_version, it.reason) for it in map(said, outputs[2:])]


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        (rule("threshold", key="a", operator=">", value=2), "rule_changed"),
        (rule("threshold", key="a", operator=">", value=True), "rule_changed"),
        (rule("threshold", key="b", operator=">", value=1), "rule_changed"),
        (rule("comparison", key="a", operator=">", other_key="b"), "rule_changed"),
        (rule("threshold", "d", key="a", operator=">", value=1), "rule_changed"),
        (HOT.model_copy(update={"enabled": False}), "rule_disabled"),
    ],
    ids=["value", "true is not 1", "key", "type", "device", "disabled"],
)
def test_a_change_of_what_is_judged_ends_the_open_alerts(after: Rule, reason: str) -> None:
    assert told(RuleDefined(3, "hot", after)) == [("d", "resolved", 2, reason), ("e", "resolved", 2, reason)]


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "Other"},
        {"severity": "critical"},
        {"priority": 9},
        {"response": "Open the valve."},
        {"conditions": rule("threshold", key="a", operator=">", value=1.0).conditions},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_other_changes_keep_the_open_alerts_and_what_they_opened_with(changed: dict[str, object]) -> None:
    after = RuleDefined(3, "hot", HOT.model_copy(update=changed))
    assert told(after) == []
    cleared = Readings((Reading("d", START + 1, {"a": 0}),))
    assert told(after, cleared) == [("d", "resolved", 2, "condition_cleared")]
    again = Readings((Reading("d", START + 2, {"a": 5}),))
    assert told(after, cleared, again)[1:] == [("d", "raised", 3, "")]


def test_a_removed_rule_ends_its_alerts_and_stays_removed() -> None:
    ended = [("d", "resolved", 2, "rule_removed"), ("e", "resolved", 2, "rule_removed")]
    again = Readings((Reading("d", START + 1, {"a": 6}),))
    assert told(RuleRemoved(3, "hot"), RuleDefined(3, "hot", HOT), RuleRemoved(4, "hot"), again) == ended
    assert told(RuleRemoved(3, "hot"), RuleDefined(4, "hot", HOT), again) == [*ended, ("d", "raised", 4, "")]


@pytest.mark.parametrize("version", [1, 2])
def test_a_copy_or_an_older_version_changes_nothing(version: int) -> None:
    assert told(RuleDefined(version, "hot", rule("threshold", key="a", operator="<", value=9))) == []
    assert told(RuleRemoved(version, "hot")) == []


def test_a_removed_device_ends_its_alerts_and_starts_anew_when_it_is_defined_again() -> None:
    again = Readings((Reading("d", START - 3_600_000, {"a": 5}),))
    assert told(DeviceRemoved(1, "d")) == [("d", "resolved", 2, "device_removed")]
    assert told(DeviceRemoved(1, "d"), again, DeviceDefined(1, Device("d", "D")), again)[1:] == []
    assert told(DeviceRemoved(1, "d"), DeviceDefined(2, Device("d", "D")), again)[1:] == [("d", "raised", 2, "")]


def test_an_inactive_device_ends_its_alerts() -> None:
    device = Device("d", "D")
    inactive = DeviceDefined(2, replace(device, active=False))
    again = Readings((Reading("d", START + 1, {"a": 6}),))
    assert told(DeviceDefined(1, device), again) == []
    assert told(DeviceDefined(1, device), inactive, again) == [("d", "resolved", 2, "device_inactive")]
    assert told(inactive, DeviceDefined(1, device), DeviceDefined(3, device), again)[1:] == [("d", "raised", 2, "")]


def test_endings_that_no_reading_made_happen_at_journal_time() -> None:
    _, outputs = fold([Record(START + 10 * offset, it) for offset, it in enumerate([*OPENED, RuleRemoved(3, "hot")])])
    assert [(it.at, it.value, it.threshold) for it in map(said, outputs[2:])] == [(START + 20, None, None)] * 2


def test_silences_and_the_policy_are_kept_with_their_versions() -> None:
    silence = Silence("s", START, START + 1, "cleaning", "somebody")
    state, _ = fold(
        [
            Record(START, it)
            for it in (
                SilenceDefined(2, silence),
                SilenceDefined(1, replace(silence, reason="older")),
                PolicyDefined(2, Policy(lateness_ms=5)),
                PolicyDefined(2, Policy(lateness_ms=6)),
            )
        ]
    )
    item = state.registry.silences["s"]
    assert (item.version, item.offset, item.silence) == (2, 0, silence)
    assert state.registry.policy.policy == Policy(lateness_ms=5)
    state, _ = fold([Record(START, SilenceDefined(2, silence)), Record(START, SilenceRemoved(3, "s"))])
    assert state.registry.silences["s"].silence is None
