"""Running a test of a rule: its timeline folded by detection's own evaluator, and what came compared with what must."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

from pipeline.alerts import AlertEvent, RuleSuspended
from pipeline.backtest import Candidate, Trial
from pipeline.rules.model import Rule
from pipeline.ruletests.model import Expected, RuleTest
from pipeline.ruletests.timeline import timeline
from pipeline.ruletests.times import spoken_length

_DEVICE = "device-1"


@dataclass(frozen=True, slots=True)
class Tested:
    """A test that ran: what was wrong, in sentences, none if it passed; and all that came."""

    name: str
    problems: tuple[str, ...]
    transitions: tuple[AlertEvent, ...]


def run_test(rule: Rule, test: RuleTest) -> Tested:
    """Run one test; the rule is in force from before its first reading, whether it is enabled or not."""
    device_id = test.device or rule.device_id or _DEVICE
    trial = Trial(0, Candidate.of(rule), 0)
    for offset, (at, event) in enumerate(timeline(test, device_id)):
        trial.take(offset, at, event)
    came = [output for output in trial.outputs if isinstance(output, AlertEvent)]
    problems = [_suspended(output) for output in trial.outputs if isinstance(output, RuleSuspended)]
    for expected, transition in zip_longest(test.expect, came):
        problem = _unexpected(test, transition) if expected is None else _compare(test, device_id, expected, transition)
        if problem:
            problems.append(problem)
            break  # what comes after the first difference is most often its consequence
    return Tested(test.name, tuple(problems), tuple(came))


def _compare(test: RuleTest, device_id: str, expected: Expected, event: AlertEvent | None) -> str:
    wanted = f"{expected.transition} at {spoken_length(expected.at)}"
    if event is None:
        return f"missing: {wanted}; nothing came after the transitions before it"
    if event.transition != expected.transition or event.at != test.start + expected.at:
        return f"expected {wanted}, but there came: {_said(test, event)}"
    differing = [
        f"{name} {given!r} instead of {wish!r}"
        for name, wish, given in (
            ("device", expected.device or device_id, event.device_id),
            ("severity", expected.severity, event.severity),
            ("value", expected.value, event.value),
            ("message", expected.message, event.message),
            ("reason", expected.reason, event.reason),
        )
        if wish is not None and (wish != given or isinstance(wish, bool) is not isinstance(given, bool))
    ]
    return f"{wanted} came with {', '.join(differing)}" if differing else ""


def _unexpected(test: RuleTest, event: AlertEvent) -> str:
    return f"unexpected: {_said(test, event)}"


def _said(test: RuleTest, event: AlertEvent) -> str:
    after = spoken_length(max(0, event.at - test.start))
    return f"{event.transition} at {after} for {event.device_id} ({event.message})"


def _suspended(output: RuleSuspended) -> str:
    return f"the rule failed and was suspended for {output.device_id}: {output.error}"
