"""Rules as people write them: the models that validate a rule, and from which its JSON Schema is made.

A rule is immutable; a change is a new version. Unknown fields are refused with their path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from pipeline.errors import InvalidInput
from pipeline.rules.base import SEVERITIES, Aggregate, Model, Operator, Severity
from pipeline.rules.conditions import (
    AbsenceConditions,
    ComparisonConditions,
    CompoundConditions,
    Condition,
    RateConditions,
    StatisticalConditions,
    ThresholdConditions,
    TimeBasedConditions,
)
from pipeline.rules.consistency import check
from pipeline.rules.fields import Comparable, Finite, Identifier, Seconds, Stored, Text

__all__ = ["SEVERITIES", "Aggregate", "Operator", "Rule", "Severity", "parse_rule", "rule_document", "rule_schema"]


class EmailAction(Model):
    """Tell people by e-mail."""

    type: Literal["email"]
    recipients: Annotated[tuple[Text, ...], Field(min_length=1, max_length=50, strict=False)]
    severity: Severity | None = None


class WebhookAction(Model):
    """Call an address over HTTP."""

    type: Literal["webhook"]
    url: Annotated[Stored, Field(min_length=1, max_length=2048)]
    severity: Severity | None = None


Action: TypeAlias = Annotated[EmailAction | WebhookAction, Field(discriminator="type")]


class Selection(Model):
    """Devices of which all that is given is true; at least one thing must be given."""

    device_type: Text | None = None
    location: Text | None = None
    metadata: Annotated[dict[Text, Comparable], Field(min_length=1, max_length=10)] | None = None


class Escalation(Model):
    """A higher severity from a worse value on, or after so long without anybody acknowledging."""

    value: Finite | None = None
    after_seconds: Seconds | None = None
    severity: Severity


class RuleBase(Model):
    """What all rule types have in common."""

    rule_id: Identifier | None = None
    """Made of the name when not given."""
    name: Text
    device_id: Identifier | None = None
    """The device it is for; null means every device, or those that the selector chooses."""
    selector: Selection | None = None
    severity: Severity | None = None
    """The highest of its actions' when not given, else warning."""
    priority: Annotated[int, Field(ge=0, le=1000)] = 5
    enabled: bool = True
    actions: Annotated[tuple[Action, ...], Field(max_length=50, strict=False)] = ()
    response: Annotated[Stored, Field(max_length=4096)] | None = None
    """What a person should do, in words."""
    for_seconds: Seconds | None = None
    """How long the condition must hold before an alert opens."""
    clear: Condition | None = None
    """What must hold for the alert to resolve; without it, that the condition no longer does."""
    clear_value: Finite | None = None
    """The value to be passed on the way back before the alert resolves."""
    clear_for_seconds: Seconds | None = None
    """How long it must be clear before the alert resolves."""
    cooldown_seconds: Seconds | None = None
    """How long after its end the next alert may open at the earliest."""
    escalate: Annotated[tuple[Escalation, ...], Field(max_length=10, strict=False)] = ()

    @property
    def effective_severity(self) -> Severity:
        """Its own severity, else the highest of its actions', else warning."""
        if self.severity is not None:
            return self.severity
        given = [action.severity for action in self.actions if action.severity is not None]
        return max(given, key=SEVERITIES.index) if given else "warning"

    @model_validator(mode="after")
    def _is_consistent(self) -> RuleBase:
        check(self)
        return self


class ThresholdRule(RuleBase):
    """Opens an alert while a single value is beyond a limit."""

    rule_type: Literal["threshold"]
    conditions: ThresholdConditions


class ComparisonRule(RuleBase):
    """Opens an alert while one value compares in a given way with another of the same device."""

    rule_type: Literal["comparison"]
    conditions: ComparisonConditions


class StatisticalRule(RuleBase):
    """Opens an alert while a windowed statistic is beyond a limit."""

    rule_type: Literal["statistical"]
    conditions: StatisticalConditions


class RateRule(RuleBase):
    """Opens an alert while a value changes faster, or slower, than a limit."""

    rule_type: Literal["rate_of_change"]
    conditions: RateConditions


class AbsenceRule(RuleBase):
    """Opens an alert when nothing comes any more."""

    rule_type: Literal["absence"]
    conditions: AbsenceConditions


class TimeBasedRule(RuleBase):
    """Opens an alert on what comes inside or outside of certain hours."""

    rule_type: Literal["time_based"]
    conditions: TimeBasedConditions


class CompoundRule(RuleBase):
    """Opens an alert while all or any of several conditions hold."""

    rule_type: Literal["compound"]
    conditions: CompoundConditions


Rule: TypeAlias = (
    ThresholdRule | ComparisonRule | StatisticalRule | RateRule | AbsenceRule | TimeBasedRule | CompoundRule
)
_adapter: TypeAdapter[Rule] = TypeAdapter(Annotated[Rule, Field(discriminator="rule_type")])


def parse_rule(value: object) -> Rule:
    """Validate a decoded JSON or YAML document; raises InvalidInput (reason `invalid_rule`) with path and sentence."""
    try:
        return _adapter.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        path = _path(value, first["loc"], is_missing=first["type"] == "missing")
        field = first.get("ctx", {}).get("field") if first["type"] == "contradiction" else None
        if field is not None:
            path = f"{path}.{field}" if path else field
        raise InvalidInput("invalid_rule", first["msg"], path or "rule") from None


def _path(document: object, location: tuple[int | str, ...], *, is_missing: bool) -> str:
    """Where in the document an error lies: pydantic's location without the names of union members in it."""
    parts: list[str] = []
    for depth, part in enumerate(location, 1):
        named = isinstance(document, Mapping) and part in document
        if named or (isinstance(document, Sequence) and isinstance(part, int)):
            document = document[part]  # type: ignore[index]
        elif not (is_missing and depth == len(location)):
            continue
        parts.append(str(part))
    return ".".join(parts)


def rule_document(rule: Rule) -> dict[str, Any]:
    """The rule as a JSON document: what was given plus defaults, nothing that is unset."""
    document: dict[str, Any] = _adapter.dump_python(rule, mode="json", exclude_none=True)
    if not rule.escalate:
        del document["escalate"]
    return document


def rule_schema() -> dict[str, Any]:
    """The JSON Schema of a rule."""
    return _adapter.json_schema()
