"""The transition that follows from an alert event's evidence and its rule's version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipeline.alerts import AlertEvent, ReadingEvidence
from pipeline.explain.facts import Facts
from pipeline.explain.judging import Judged, judge
from pipeline.rules.model import Rule


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a fresh evaluator makes of the facts: the readings that made it judge, each condition, the transition.

    `transition` is None if nothing follows: no reading or passed duration made the judgement due, or a condition
    cannot be judged.
    """

    deciding: tuple[ReadingEvidence, ...]
    conditions: tuple[Judged, ...]
    transition: Literal["raised", "resolved"] | None


def explain(event: AlertEvent, rule: Rule, facts: Facts | None = None) -> Explanation:
    """Judge the rule's version anew on the event's evidence, or on other facts, such as those without a record.

    The alert is taken as open for every transition but its first. A transition that no reading made (the rule was
    changed, a person closed the alert) has none that follows; the event's reason says what made it.
    """
    facts = facts if facts is not None else Facts(event.evidence, event.at)
    deciding = facts.brought_by(event.cause.offset)
    conditions = judge(rule, facts, event.unit)
    transition: Literal["raised", "resolved"] | None = None
    if deciding or facts.evidence.timers:
        if event.sequence == 1 and conditions[0].holds:
            transition = "raised"
        elif event.sequence > 1 and conditions[0].holds is False:
            transition = "resolved"
    return Explanation(deciding, conditions, transition)
