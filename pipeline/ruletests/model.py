"""A test of a rule as people write it. Unknown fields are refused with their path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from pipeline.alerts import Transition
from pipeline.errors import InvalidInput
from pipeline.rules.fields import Comparable, Identifier, Key, Text
from pipeline.rules.model import Severity
from pipeline.ruletests.times import parse_length, parse_start

Length: TypeAlias = Annotated[int, BeforeValidator(parse_length)]
"""A time since the test's start, or how long something is, in milliseconds."""
LONGEST_MS = 31 * 86_400_000
_START = 1_767_225_600_000


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class Repeated(_Model):
    """A value several times; null is a time at which nothing comes."""

    value: Comparable | None
    times: Annotated[int, Field(ge=1, le=1_000_000)]


class ExtraReading(_Model):
    """A reading beside the series: of another device, at an odd time, or received late."""

    at: Length
    values: Annotated[dict[Key, Comparable], Field(min_length=1)]
    device: Identifier | None = None
    received: Length | None = None
    """When the platform receives it; at once if not given."""


class Expected(_Model):
    """A transition that must come. Only what is given is compared."""

    at: Length
    transition: Transition
    device: Identifier | None = None
    severity: Severity | None = None
    value: Comparable | None = None
    message: Text | None = None
    reason: str | None = None


class RuleTest(_Model):
    """What devices send from `start` on, and all transitions that come of it, in their order."""

    name: Text
    device: Identifier | None = None
    """The device of the series and of what names none; the rule's, or device-1."""
    start: Annotated[int, BeforeValidator(parse_start)] = _START
    interval: Length = 1000
    series: dict[Key, Annotated[tuple[Comparable | Repeated | None, ...], Field(strict=False)]] = Field(
        default_factory=dict
    )
    readings: Annotated[tuple[ExtraReading, ...], Field(strict=False)] = ()
    until: Annotated[Length, Field(le=LONGEST_MS)] | None = None
    """How long time passes; to the last reading if not given."""
    expect: Annotated[tuple[Expected, ...], Field(strict=False)]


_adapter: TypeAdapter[tuple[RuleTest, ...]] = TypeAdapter(
    Annotated[tuple[RuleTest, ...], Field(min_length=1, strict=False)]
)


def parse_tests(value: object) -> tuple[RuleTest, ...]:
    """Validate the list under `tests`; raises InvalidInput (reason `invalid_test`) with path and sentence."""
    try:
        return _adapter.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise InvalidInput("invalid_test", first["msg"], _path(value, first["loc"])) from None


def _path(document: object, location: Sequence[int | str]) -> str:
    """Where an error lies, without pydantic's names of union members."""
    parts = ["tests"]
    for part in location:
        named = isinstance(document, Mapping) and part in document
        if named or (isinstance(document, list | tuple) and isinstance(part, int)):
            document = document[part]  # type: ignore[index]
        elif part != location[-1] or not isinstance(document, Mapping):
            continue
        parts.append(str(part))
    return ".".join(parts)
