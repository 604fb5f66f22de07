"""Tests of rules pass and fail for the right reasons."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.errors import InvalidInput
from pipeline.events import Readings, Ticked
from pipeline.ruletests import parse_tests, run_test
from pipeline.ruletests.timeline import timeline
from pipeline.ruletests.times import parse_length, spoken_length
from tests.support.event_logs import rule

HOT = rule("threshold", key="a", operator=">", value=10)


def problems(expect: list[dict[str, Any]], **given: Any) -> tuple[str, ...]:
    given = {"series": {"a": [9, 11, 12, 9]}, **given}
    return run_test(HOT, parse_tests([{"name": "it", "expect": expect, **given}])[0]).problems


RAISED = {"at": "1s", "transition": "raised"}
RESOLVED = {"at": "3s", "transition": "resolved"}


def test_what_is_expected_passes() -> None:
    assert problems([RAISED, RESOLVED]) == ()
    assert problems([{**RAISED, "value": 11, "severity": "warning", "device": "device-1"}, RESOLVED]) == ()
    assert problems([{**RAISED, "at": "10s"}, {**RESOLVED, "at": "30s"}], interval="10s") == ()


@pytest.mark.parametrize(
    ("expect", "says"),
    [
        ([], "unexpected: raised at 1s for device-1 (a 11 > 10)"),
        ([RAISED], "unexpected: resolved at 3s for device-1 (a 9, no longer > 10)"),
        (
            [RAISED, RESOLVED, {**RAISED, "at": "9s"}],
            "missing: raised at 9s; nothing came after the transitions before it",
        ),
        (
            [{**RAISED, "at": "2s"}, RESOLVED],
            "expected raised at 2s, but there came: raised at 1s for device-1 (a 11 > 10)",
        ),
        ([{**RAISED, "value": 12}, RESOLVED], "raised at 1s came with value 11 instead of 12"),
        ([{**RAISED, "severity": "info"}, RESOLVED], "raised at 1s came with severity 'warning' instead of 'info'"),
        ([{**RAISED, "device": "x"}, RESOLVED], "raised at 1s came with device 'device-1' instead of 'x'"),
    ],
)
def test_the_first_difference_is_told(expect: list[dict[str, Any]], says: str) -> None:
    assert problems(expect) == (says,)


@pytest.mark.parametrize(
    ("test", "says"),
    [
        ({}, "tests.0.name: Field required"),
        ({"name": "x"}, "tests.0.expect: Field required"),
        (
            {"name": "x", "expect": [{"at": "soon", "transition": "raised"}]},
            "tests.0.expect.0.at: use a duration such as",
        ),
        ({"name": "x", "expect": [], "serie": {}}, "tests.0.serie: Extra inputs are not permitted"),
        ({"name": "x", "expect": [], "start": "today"}, "tests.0.start: use a time such as"),
        ({"name": "x", "expect": [], "until": "40d"}, "tests.0.until: Input should be less than or equal"),
    ],
)
def test_what_is_wrong_is_refused_with_its_path(test: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_tests([test])
    assert str(refused.value).startswith(says)


def test_time_passes_in_ticks_behind_the_readings_of_each_second() -> None:
    test = parse_tests([{"name": "it", "series": {"a": [1, None, 3]}, "until": "4s", "expect": []}])[0]
    came = [(at - test.start, type(event)) for at, event in timeline(test, "d")]
    assert came == [
        (0, Readings), (0, Ticked), (1000, Ticked), (2000, Readings), (2000, Ticked), (3000, Ticked), (4000, Ticked)
    ]  # fmt: skip


def test_durations_read_and_write() -> None:
    for text in ("0s", "500ms", "90ms", "1m30s", "1h", "2d3h"):
        assert spoken_length(parse_length(text)) == text
    assert parse_length(90) == parse_length("90s") == 90_000
