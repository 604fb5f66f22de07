"""Fields of a rule that contradict each other, each refused with its path and a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.rules.base import SEVERITIES
from pipeline.rules.conditions import MAX_DEPTH, MAX_PARTS, depth, size
from pipeline.rules.fields import refuse

if TYPE_CHECKING:
    from pipeline.rules.model import RuleBase

_RISING, _FALLING = (">", ">="), ("<", "<=")
_WITHOUT_VALUE = ("comparison", "absence", "time_based", "compound")


def check(rule: RuleBase) -> None:
    """Raise what `refuse` makes if two fields of the rule can't both be meant."""
    conditions: Any = getattr(rule, "conditions", None)
    if rule.selector is not None:
        if rule.device_id is not None:
            raise refuse("selector", "give device_id or selector, not both")
        if rule.selector == type(rule.selector)():
            raise refuse("selector", "name a device_type, a location or metadata")
    for name, condition in (("conditions", conditions), ("clear", rule.clear)):
        if depth(condition) > MAX_DEPTH:
            raise refuse(name, f"nest conditions at most {MAX_DEPTH} deep")
        if size(condition) > MAX_PARTS:
            raise refuse(name, f"use at most {MAX_PARTS} conditions")
    if getattr(rule, "rule_type", None) == "absence" and rule.for_seconds is not None:
        raise refuse("for_seconds", "an absence has its own seconds; change those")
    _check_clear(rule, conditions)
    _check_escalation(rule, conditions)


def _check_clear(rule: RuleBase, conditions: Any) -> None:
    if rule.clear_value is None:
        return
    if rule.clear is not None:
        raise refuse("clear_value", "give clear or clear_value, not both")
    limit = _limit(rule, conditions, "clear_value", "use clear instead")
    if _is_beyond(conditions.operator, rule.clear_value, limit):
        side = "above" if conditions.operator in _RISING else "below"
        raise refuse("clear_value", f"must not lie {side} the value that opens the alert")


def _check_escalation(rule: RuleBase, conditions: Any) -> None:
    lowest = SEVERITIES.index(rule.effective_severity)
    for number, step in enumerate(rule.escalate):
        if (step.value is None) is (step.after_seconds is None):
            raise refuse(f"escalate.{number}", "give value or after_seconds, one of both")
        if SEVERITIES.index(step.severity) <= lowest:
            raise refuse(f"escalate.{number}.severity", f"must be higher than {SEVERITIES[lowest]}, the rule's own")
        if step.value is not None:
            limit = _limit(rule, conditions, f"escalate.{number}.value", "use after_seconds")
            if not _is_beyond(conditions.operator, step.value, limit):
                raise refuse(f"escalate.{number}.value", "must lie beyond the value that opens the alert")


def _limit(rule: RuleBase, conditions: Any, field: str, instead: str) -> float:
    """The rule's own value, where a second one can lie on either side of it."""
    kind = getattr(rule, "rule_type", "")
    if kind in _WITHOUT_VALUE:
        raise refuse(field, f"{kind} compares with no fixed value; {instead}")
    limit = conditions.value
    if conditions.operator not in (*_RISING, *_FALLING) or isinstance(limit, bool | str):
        raise refuse(field, f"needs a number and one of > >= < <=; {instead}")
    return float(limit)


def _is_beyond(operator: str, value: float, limit: float) -> bool:
    return value > limit if operator in _RISING else value < limit
