"""Every rule in docs/rules.md is valid and raises and resolves as its text says."""

from __future__ import annotations

from pathlib import Path
from re import DOTALL, findall
from typing import Any

import pytest
import yaml

from pipeline.events import Scalar
from pipeline.rules.kinds import KINDS
from pipeline.rules.model import parse_rule
from tests.support.timeline import Timeline

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "rules.md").read_text(encoding="utf-8")
EXAMPLES: dict[str, Any] = {
    title: yaml.safe_load(text) for title, text in findall(r"### (\w+)\n.*?```yaml\n(.*?)```", PAGE, DOTALL)
}

Play = list[tuple[int, dict[str, Scalar], list[str]]]
"""Seconds that pass, a reading if there is one, and what is told meanwhile."""
PLAYS: dict[str, Play] = {
    "threshold": [
        (0, {"temperature": 104}, ["raised"]),
        (1, {"temperature": 97}, []),
        (1, {"temperature": 121}, ["escalated"]),
        (1, {"temperature": 95}, ["resolved"]),
    ],
    "comparison": [
        (0, {"temperature": 80, "oil_temperature": 45}, ["raised"]),
        (1, {"oil_temperature": 51}, ["resolved"]),
    ],
    "time_based": [  # 23:13 in Berlin, a Tuesday
        (0, {"door": "open"}, ["raised"]),
        (1, {"door": "shut"}, ["resolved"]),
    ],
    "statistical": [
        (60, {"temperature": 96.0}, []),
        (60, {"temperature": 96.0}, []),
        (60, {"temperature": 96.0}, []),
        (60, {"temperature": 96.0}, []),
        (60, {"temperature": 96.0}, []),
        (60, {"temperature": 96.0}, ["raised"]),
        (60, {"temperature": 20.0}, ["resolved"]),
    ],
    "rate_of_change": [(0, {"level": 100}, []), (10, {"level": 90}, ["raised"]), (20, {"level": 90}, ["resolved"])],
    "absence": [(0, {"temperature": 1}, []), (600, {}, ["raised"]), (1, {"temperature": 1}, ["resolved"])],
    "compound": [
        (0, {"temperature": 101, "vibration": 1}, []),
        (60, {}, []),
        (30, {}, ["raised"]),
        (1, {"vibration": 2}, ["resolved"]),
    ],
}


def test_every_type_has_an_example() -> None:
    assert set(EXAMPLES) == set(KINDS) == set(PLAYS)


@pytest.mark.parametrize("kind", sorted(PLAYS))
def test_an_example_does_what_is_said(kind: str) -> None:
    rule = parse_rule(EXAMPLES[kind])
    assert rule.rule_type == kind
    line = Timeline(rule)
    for seconds, values, expected in PLAYS[kind]:
        told = line.wait(seconds)
        if values:
            told += line.read_values(values)
        assert [it for it in told if " by " not in it] == expected  # not about the device's status
