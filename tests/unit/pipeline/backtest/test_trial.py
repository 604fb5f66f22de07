"""A backtest says what detection says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given

from pipeline.alerts import AlertEvent, Output, RuleSuspended
from pipeline.backtest import Candidate, Trial, warm_up_ms
from pipeline.events import DeviceDefined, RuleDefined, RuleRemoved
from pipeline.rules.model import rule_document
from tests.support.event_logs import START, Log, Record, logs, rule
from tests.support.folding import fold
from tests.support.records import frame

PARTITION = fold([])[0].partition
HOT = rule("threshold", key="a", operator=">", value=10)


def tried(log: Log, candidate: Candidate, begin: int | None, only_device: str | None = None) -> list[Output]:
    trial = Trial(PARTITION, candidate, begin, only_device)
    for offset, record in enumerate(log):
        trial.take(offset, record.timestamp, record.event)
    return trial.outputs


def first_definitions(log: Log) -> list[int]:
    """The records that put a rule in force which the log did not define before in the same way."""
    found = []
    versions: dict[str, int] = {}
    seen: list[tuple[str, object]] = []
    for offset, record in enumerate(log):
        event = record.event
        if isinstance(event, RuleDefined | RuleRemoved):
            is_news = event.version > versions.get(event.rule_id, 0)
            versions[event.rule_id] = max(event.version, versions.get(event.rule_id, 0))
            if isinstance(event, RuleDefined):
                body = (event.rule_id, rule_document(event.rule))
                if is_news and event.rule.enabled and body not in seen:
                    found.append(offset)
                seen.append(body)
    return found


def hot_log() -> Log:
    values = (9, 11, 12, 9, 13)
    return [Record(START + n * 1000, frame(("d0", START + n * 1000, {"a": value}))) for n, value in enumerate(values)]


def transitions(outputs: list[Output]) -> list[tuple[str, int]]:
    return [(getattr(output, "transition", "suspended"), (output.at - START) // 1000) for output in outputs]


@given(logs())
def test_from_its_definition_on_a_backtest_is_the_live_run_bit_by_bit(log: Log) -> None:
    live = fold(log)[1]
    for begin in first_definitions(log):
        event = log[begin].event
        assert isinstance(event, RuleDefined)
        changes = [
            offset
            for offset, record in enumerate(log)
            if offset > begin
            and isinstance(record.event, RuleDefined | RuleRemoved)
            and record.event.rule_id == event.rule_id
        ]
        stop = min(changes, default=len(log))
        candidate = Candidate.of(event.rule.model_copy(update={"rule_id": event.rule_id}))
        expected = [
            output
            for output in live
            if isinstance(output, AlertEvent | RuleSuspended)
            and output.rule_id == event.rule_id
            and begin <= output.cause.offset < stop
        ]
        assert tried(log[:stop], candidate, None) == expected
        for device in ("d0", "d1"):
            alone = [output for output in expected if output.device_id == device]
            assert _unmarked(tried(log[:stop], candidate, None, device)) == _unmarked(alone)


def _unmarked(outputs: Sequence[Output]) -> list[Output]:
    """Without the marks for notifying: storms are judged by what all devices say."""
    return [replace(output, notify="yes") if isinstance(output, AlertEvent) else output for output in outputs]


def test_a_rule_that_never_was_applied_begins_where_it_is_told_to() -> None:
    assert transitions(tried(hot_log(), Candidate.of(HOT), 0)) == [("raised", 1), ("resolved", 3), ("raised", 4)]
    assert transitions(tried(hot_log(), Candidate.of(HOT), 2)) == [("raised", 2), ("resolved", 3), ("raised", 4)]
    assert transitions(tried(hot_log(), Candidate.of(HOT), 4)) == [("raised", 4)]


def test_what_came_before_the_beginning_is_known() -> None:
    late = frame(("d0", START + 1000, {"a": 99}))
    log = [*hot_log()[:3], Record(START + 3000, late)]
    assert transitions(tried(log, Candidate.of(HOT), 3)) == []


def test_the_journals_own_versions_of_the_rule_have_no_say() -> None:
    other = rule("threshold", key="a", operator=">", value=0)
    log = [
        Record(START, RuleDefined(1, "r", other)),
        *hot_log(),
        Record(START + 9000, RuleRemoved(2, "r")),
        Record(START + 10_000, frame(("d0", START + 10_000, {"a": 1}))),
    ]
    found = tried(log, Candidate.of(rule("threshold", key="a", operator=">", value=10, name="R")), 1)
    assert transitions(found) == [("raised", 1), ("resolved", 3), ("raised", 4), ("resolved", 10)]


def test_a_rule_that_is_switched_off_is_tested_all_the_same() -> None:
    off = rule("threshold", key="a", operator=">", value=10, enabled=False)
    assert transitions(tried(hot_log(), Candidate.of(off), 0))[0] == ("raised", 1)


def test_a_seeded_definition_holds_from_the_first_record_on() -> None:
    from pipeline.events import Device

    trial = Trial(PARTITION, Candidate.of(HOT), 0)
    trial.seed(DeviceDefined(3, Device("d0", "D", active=False)), START)
    for offset, record in enumerate(hot_log()):
        trial.take(offset, record.timestamp, record.event)
    assert trial.outputs == []


def test_the_warm_up_is_the_longest_duration_that_the_rule_names() -> None:
    assert warm_up_ms(HOT) == 0
    window = rule("statistical", key="a", aggregate="avg", window_seconds=3600, operator=">", value=1)
    assert warm_up_ms(window) == 3_600_000
    assert warm_up_ms(rule("comparison", key="a", operator=">", other_key="b", max_age_seconds=90)) == 90_000
