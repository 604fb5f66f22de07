"""An alert's evidence explains it: the same transition follows from it, and none without the reading that opened it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings

from pipeline.alert_codec import decode_output, encode_output
from pipeline.alerts import AlertEvent
from pipeline.events import RuleDefined
from pipeline.explain import Facts, explain
from pipeline.explain.judging import JUDGES
from pipeline.rules.kinds import KINDS
from pipeline.rules.model import Rule, rule_document
from tests.support.event_logs import START, Log, Record, logs, rule
from tests.support.folding import fold
from tests.support.records import frame


def explained(log: Log) -> int:
    """Check every transition that a reading made; returns how many there were."""
    rules: dict[tuple[str, int], Rule] = {}
    for record in log:
        if isinstance(record.event, RuleDefined):
            rules.setdefault((record.event.rule_id, record.event.version), record.event.rule)
    count = 0
    for output in fold(log)[1]:
        if not isinstance(output, AlertEvent) or output.transition not in ("raised", "resolved"):
            continue
        if output.reason not in ("", "condition_cleared"):
            continue
        by_reading = any(each.offset == output.cause.offset for each in output.evidence.readings)
        body = rule_document(rules[output.rule_id, output.rule_version])
        if "absence" in str(body) or not by_reading or body.get("clear"):
            continue  # what these were decided from is not part of the evidence
        count += 1
        encoded = encode_output(output)
        event = decode_output(encoded.headers, encoded.body)  # nothing but what consumers get
        assert isinstance(event, AlertEvent)
        version = rules[event.rule_id, event.rule_version]
        found = explain(event, version)
        assert found.transition == event.transition
        assert {reading.offset for reading in found.deciding} == {event.cause.offset}
        condition = found.conditions[0]
        assert condition.holds is (event.transition == "raised")
        assert (condition.value, condition.threshold) == (event.value, event.threshold)
        if event.evidence.timers:
            continue
        assert explain(event, version, Facts(event.evidence, event.at).without(event.cause.offset)).transition is None
        elsewhere = replace(event, cause=replace(event.cause, offset=event.cause.offset + 1))
        assert explain(elsewhere, version).transition is None, "no reading of the record that is said to be the cause"
    return count


@settings(max_examples=100)
@given(logs(max_size=40))
def test_evidence_makes_the_same_transition_and_without_the_deciding_reading_none(log: Log) -> None:
    explained(log)


def test_every_rule_type_can_be_explained() -> None:
    assert set(JUDGES) == set(KINDS)


def frames(*values: dict[str, float]) -> list[Record]:
    return [Record(START + n * 1000, frame(("d0", START + n * 1000, dict(each)))) for n, each in enumerate(values)]


def opened(made: Rule, *values: dict[str, float]) -> tuple[AlertEvent, ...]:
    log = [Record(START, RuleDefined(1, "r", made)), *frames(*values)]
    assert explained(log) > 0
    return tuple(output for output in fold(log)[1] if isinstance(output, AlertEvent))


def test_a_threshold_is_told_with_both_sides() -> None:
    made = rule("threshold", key="a", operator=">", value=10)
    raised, resolved = opened(made, {"a": 9}, {"a": 12}, {"a": 8})
    (condition,) = explain(raised, made).conditions
    assert (condition.condition, condition.value, condition.threshold, condition.holds) == ("a > 10", 12, 10, True)
    assert explain(resolved, made).conditions[0].holds is False


def test_a_comparison_is_told_with_its_formula() -> None:
    made = rule("comparison", key="a", operator=">", other_key="b", factor=2.0, offset=1.0)
    (raised,) = opened(made, {"b": 5}, {"a": 12})
    (condition,) = explain(raised, made).conditions
    assert (condition.condition, condition.value, condition.threshold) == ("a > b * 2 + 1", 12, 11)
    assert [reading.key for reading in explain(raised, made).deciding] == ["a"]


def test_a_value_that_is_too_old_is_not_compared() -> None:
    made = rule("comparison", key="a", operator=">", other_key="b", max_age_seconds=60)
    (raised,) = opened(made, {"b": 5}, {"a": 12})
    strict = rule("comparison", key="a", operator=">", other_key="b", max_age_seconds=0)
    assert explain(raised, strict).transition is None
    assert explain(raised, strict).conditions[0].why == "b is older than 0 s"


def test_a_window_is_told_by_its_aggregate() -> None:
    made = rule("statistical", key="a", aggregate="avg", window_seconds=10, operator=">", value=5)
    (raised,) = opened(made, {"a": 1}, {"a": 1}, {"a": 20})
    (condition,) = explain(raised, made).conditions
    assert condition.condition == "avg of a over 10 s > 5"
    assert condition.value == raised.value
    another = rule("statistical", key="a", aggregate="max", window_seconds=10, operator=">", value=5)
    assert explain(raised, another).transition is None
    assert explain(raised, another).conditions[0].why == "no window of a"


def test_another_version_of_the_rule_does_not_explain_it() -> None:
    raised, *_ = opened(rule("threshold", key="a", operator=">", value=10), {"a": 12})
    assert explain(raised, rule("threshold", key="a", operator=">", value=20)).transition is None
