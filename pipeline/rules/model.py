"""Rules as people write them: the models that validate a rule, and from which its JSON Schema is made.

A rule is immutable; a change is a new version. Unknown fields are refused with their path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from pipeline.errors import InvalidInput
from pipeline.rules.fields import Comparable, Finite, Identifier, Key, Stored, Text

Severity: TypeAlias = Literal["info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")
Operator: TypeAlias = Literal[">", "<", ">=", "<=", "==", "!="]
Aggregate: TypeAlias = Literal["avg", "min", "max", "stddev", "sum", "count", "range"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class ThresholdConditions(_Model):
    """A reading of `key` compared with a fixed value; text and booleans know only == and !=."""

    key: Key
    operator: Operator
    value: Comparable


class ComparisonConditions(_Model):
    """`key` compared with `other_key` * `factor` + `offset`, both of the same device."""

    key: Key
    operator: Operator
    other_key: Key
    factor: Finite = 1.0
    offset: Finite = 0.0
    max_age_seconds: Annotated[int, Field(ge=0, le=86_400)] = 60
    """How old the value that did not come with this reading may be."""


class StatisticalConditions(_Model):
    """An aggregate over a sliding event-time window of `key`, compared with a fixed value."""

    key: Key
    aggregate: Aggregate
    window_seconds: Annotated[int, Field(ge=1, le=2_678_400)]
    """Whole seconds, up to 31 days."""
    operator: Operator
    value: Finite
    min_samples: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Fewer samples than this are not judged; 1 if not given, 2 for stddev."""


class EmailAction(_Model):
    """Tell people by e-mail."""

    type: Literal["email"]
    recipients: Annotated[tuple[Text, ...], Field(min_length=1, max_length=50, strict=False)]
    severity: Severity | None = None


class WebhookAction(_Model):
    """Call an address over HTTP."""

    type: Literal["webhook"]
    url: Annotated[Stored, Field(min_length=1, max_length=2048)]
    severity: Severity | None = None


Action: TypeAlias = Annotated[EmailAction | WebhookAction, Field(discriminator="type")]


class _RuleBase(_Model):
    rule_id: Identifier | None = None
    """Made of the name when not given."""
    name: Text
    device_id: Identifier | None = None
    """The device it is for; null means every device."""
    severity: Severity | None = None
    """The highest of its actions' when not given, else warning."""
    priority: Annotated[int, Field(ge=0, le=1000)] = 5
    enabled: bool = True
    actions: Annotated[tuple[Action, ...], Field(max_length=50, strict=False)] = ()
    response: Annotated[Stored, Field(max_length=4096)] | None = None
    """What a person should do, in words."""

    @property
    def effective_severity(self) -> Severity:
        """Its own severity, else the highest of its actions', else warning."""
        if self.severity is not None:
            return self.severity
        given = [action.severity for action in self.actions if action.severity is not None]
        return max(given, key=SEVERITIES.index) if given else "warning"


class ThresholdRule(_RuleBase):
    """Opens an alert while a single value is beyond a limit."""

    rule_type: Literal["threshold"]
    conditions: ThresholdConditions


class ComparisonRule(_RuleBase):
    """Opens an alert while one value compares in a given way with another of the same device."""

    rule_type: Literal["comparison"]
    conditions: ComparisonConditions


class StatisticalRule(_RuleBase):
    """Opens an alert while a windowed statistic is beyond a limit."""

    rule_type: Literal["statistical"]
    conditions: StatisticalConditions


Rule: TypeAlias = ThresholdRule | ComparisonRule | StatisticalRule
_adapter: TypeAdapter[Rule] = TypeAdapter(Annotated[Rule, Field(discriminator="rule_type")])


def parse_rule(value: object) -> Rule:
    """Validate a decoded JSON or YAML document; raises InvalidInput (reason `invalid_rule`) with path and sentence."""
    try:
        return _adapter.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        path = _path(value, first["loc"], is_missing=first["type"] == "missing")
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
    return _adapter.dump_python(rule, mode="json", exclude_none=True)  # type: ignore[no-any-return]


def rule_schema() -> dict[str, Any]:
    """The JSON Schema of a rule."""
    return _adapter.json_schema()
