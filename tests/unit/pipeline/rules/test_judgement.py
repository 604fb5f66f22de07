"""Each rule type's judgement of series, and its words."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.events import Scalar
from pipeline.rules import comparison, statistical
from pipeline.rules.kinds import KINDS
from pipeline.rules.model import Rule
from pipeline.rules.verdict import Verdict, View
from pipeline.windows.series import Last, Series, take
from tests.support.event_logs import START, rule


def series_of(values: list[tuple[int, Scalar]], spans: tuple[int, ...] = ()) -> Series:
    series: Series | None = None
    for number, (off, value) in enumerate(values):
        series, _, _ = take(series, Last(START + off, value, number, 0), START + off, 60_000, spans)
    assert series is not None
    return series


def judge(judged: Rule, off: int, **values: list[tuple[int, Scalar]]) -> Verdict | None:
    kind = KINDS[judged.rule_type]
    spans = tuple(span for _, span in kind.spans(judged.conditions))
    known = {key: series_of(given, spans) for key, given in values.items()}
    return kind.judge(judged.conditions, View(known, START + off, START + off, START + off, 0, START + off))


def words(judged: Rule, verdict: Verdict) -> tuple[str, str]:
    sides: Any = {"comparison": comparison.sides, "statistical": statistical.sides}[judged.rule_type]
    return sides(judged.conditions, verdict, {"a": "bar"}.get)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("value", "limit", "verdict"),
    [
        (3, 2.5, Verdict(True, 3, 2.5)),
        (2, 2.5, Verdict(False, 2, 2.5)),
        (True, 2.5, None),
        ("3", 2.5, None),
        (2**53 + 1, 2**53, Verdict(True, 2**53 + 1, 2**53)),
    ],
)
def test_a_threshold_judges_the_last_value(value: Scalar, limit: float, verdict: Verdict | None) -> None:
    assert judge(rule("threshold", key="a", operator=">", value=limit), 0, a=[(0, value)]) == verdict


def test_a_comparison_computes_its_right_side() -> None:
    made = rule("comparison", key="a", operator=">", other_key="b", factor=2, offset=-3)
    verdict = judge(made, 0, a=[(0, 18)], b=[(0, 10)])
    assert verdict == Verdict(True, 18, 17.0)
    assert words(made, verdict) == ("a 18 bar", "b * 2 - 3 (17 bar)")


@pytest.mark.parametrize(("age", "judged"), [(20_000, True), (20_001, False), (-20_000, True), (-20_001, False)])
def test_a_comparison_needs_a_value_that_is_young_enough(age: int, judged: bool) -> None:
    made = rule("comparison", key="a", operator=">", other_key="b", max_age_seconds=20)
    assert (judge(made, 0, a=[(0, 2)], b=[(-age, 1)]) is not None) is judged
    assert (judge(made, 0, a=[(-age, 2)], b=[(0, 1)]) is not None) is judged


def test_a_comparison_without_its_other_side_is_not_judged() -> None:
    made = rule("comparison", key="a", operator=">", other_key="b")
    assert judge(made, 0, a=[(0, 2)]) is None
    assert judge(made, 0, b=[(0, 2)]) is None


def test_a_comparison_of_text_takes_it_as_it_is_or_not_at_all() -> None:
    same: dict[str, Any] = {"key": "a", "operator": "==", "other_key": "b"}
    assert judge(rule("comparison", **same), 0, a=[(0, "x")], b=[(0, "x")]) == Verdict(True, "x", "x")
    assert judge(rule("comparison", **same, offset=1), 0, a=[(0, "x")], b=[(0, "x")]) is None
    assert judge(rule("comparison", **same, factor=2), 0, a=[(0, 2)], b=[(0, True)]) is None


def test_a_right_side_beyond_doubles_is_not_judged() -> None:
    made = rule("comparison", key="a", operator=">", other_key="b", factor=10)
    assert judge(made, 0, a=[(0, 1)], b=[(0, 1.7e308)]) is None


def test_a_comparison_of_a_key_with_itself_is_due_once() -> None:
    made = rule("comparison", key="a", operator=">", other_key="a", factor=0.5)
    assert KINDS["comparison"].keys(made.conditions) == ("a",)
    assert judge(made, 0, a=[(0, 3)]) == Verdict(True, 3, 1.5)


def test_a_statistic_is_judged_over_its_window() -> None:
    made = rule("statistical", key="a", aggregate="avg", window_seconds=120, operator=">=", value=4)
    verdict = judge(made, 500, a=[(-300_000, 100), (-60_000, 3), (500, 5)])
    assert verdict == Verdict(True, 4.0, 4.0, 2)
    assert words(made, verdict) == ("avg of a over 2 min 4 bar", "4 bar")


def test_a_count_has_no_unit() -> None:
    made = rule("statistical", key="a", aggregate="count", window_seconds=60, operator=">", value=9)
    verdict = judge(made, 500, a=[(500, 5)])
    assert verdict == Verdict(False, 1.0, 9.0, 1)
    assert words(made, verdict) == ("count of a over 60 s 1", "9")


def test_too_few_samples_are_not_judged() -> None:
    def made(aggregate: str, **more: Any) -> Rule:
        return rule("statistical", key="a", aggregate=aggregate, window_seconds=60, operator=">=", value=0, **more)

    one: list[tuple[int, Scalar]] = [(500, 5)]
    assert judge(made("avg"), 500, a=one) is not None
    assert judge(made("stddev"), 500, a=one) is None
    assert judge(made("stddev", min_samples=1), 500, a=one) is None
    assert judge(made("avg", min_samples=2), 500, a=one) is None


def test_a_reading_that_enters_no_window_judges_none() -> None:
    made = rule("statistical", key="a", aggregate="avg", window_seconds=60, operator=">", value=1)
    assert judge(made, 600, a=[(500, 5), (600, True)]) is None
