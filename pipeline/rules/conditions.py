"""The conditions of each rule type. Inside another condition each also names its `type`."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from pipeline.rules.base import Aggregate, Model, Operator
from pipeline.rules.fields import Comparable, Day, Finite, Key, TimeOfDay, Zone, refuse

MAX_DEPTH = 4
MAX_PARTS = 32


class ThresholdConditions(Model):
    """A reading of `key` compared with a fixed value; text and booleans know only == and !=."""

    key: Key
    operator: Operator
    value: Comparable


class ComparisonConditions(Model):
    """`key` compared with `other_key` * `factor` + `offset`, both of the same device."""

    key: Key
    operator: Operator
    other_key: Key
    factor: Finite = 1.0
    offset: Finite = 0.0
    max_age_seconds: Annotated[int, Field(ge=0, le=86_400)] = 60
    """How old the value that did not come with this reading may be."""


class StatisticalConditions(Model):
    """An aggregate over a sliding event-time window of `key`, compared with a fixed value."""

    key: Key
    aggregate: Aggregate
    window_seconds: Annotated[int, Field(ge=1, le=2_678_400)]
    """Whole seconds, up to 31 days."""
    operator: Operator
    value: Finite
    min_samples: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Fewer samples than this are not judged; 1 if not given, 2 for stddev."""


class RateConditions(Model):
    """How fast `key` changes, per second: from the oldest reading in the window to the newest."""

    key: Key
    operator: Operator
    value: Finite
    """Per second."""
    window_seconds: Annotated[int, Field(ge=2, le=2_678_400)]
    """Whole seconds, up to 31 days."""


class AbsenceConditions(Model):
    """Nothing came of `key`, or of the device at all, for so long."""

    key: Key | None = None
    """Null means any key."""
    seconds: Annotated[int, Field(ge=1, le=2_678_400)]


class Window(Model):
    """A part of each of some days; an end at or before the start lies on the next day."""

    days: Annotated[tuple[Day, ...], Field(min_length=1, max_length=7, strict=False)] = (
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
        "sat",
        "sun",
    )
    """The days on which it starts; every day if not given."""
    start: TimeOfDay
    end: TimeOfDay
    """Not part of the window; 24:00 is the end of the day."""

    @model_validator(mode="after")
    def _lasts(self) -> Window:
        if self.start == self.end:
            raise refuse("end", "is the same as start; a whole day is 00:00 to 24:00")
        if self.start == "24:00":
            raise refuse("start", "use 00:00 of the next day")
        return self


class TimeBasedConditions(Model):
    """Inside or outside of windows by the clock on a wall, and perhaps one more condition."""

    windows: Annotated[tuple[Window, ...], Field(min_length=1, max_length=20, strict=False)]
    timezone: Zone
    when: Literal["inside", "outside"]
    condition: Condition | None = None
    """What must hold as well; without it any reading counts."""


class CompoundConditions(Model):
    """All or any of several conditions; what is not known is neither true nor false."""

    all: Annotated[tuple[Condition, ...], Field(min_length=1, max_length=MAX_PARTS, strict=False)] | None = None
    any: Annotated[tuple[Condition, ...], Field(min_length=1, max_length=MAX_PARTS, strict=False)] | None = None

    @model_validator(mode="after")
    def _is_one_of_both(self) -> CompoundConditions:
        if self.all is not None and self.any is not None:
            raise refuse("any", "give all or any, not both; nest one in the other")
        if self.all is None and self.any is None:
            raise refuse("all", "give a list of conditions as all or as any")
        return self

    @property
    def parts(self) -> tuple[Condition, ...]:
        """The conditions, whichever way they are put together."""
        return self.all or self.any or ()


class Threshold(ThresholdConditions):
    """A threshold inside another condition."""

    type: Literal["threshold"]


class Comparison(ComparisonConditions):
    """A comparison inside another condition."""

    type: Literal["comparison"]


class Statistical(StatisticalConditions):
    """A statistic inside another condition."""

    type: Literal["statistical"]


class Rate(RateConditions):
    """A rate of change inside another condition."""

    type: Literal["rate_of_change"]


class Absence(AbsenceConditions):
    """An absence inside another condition."""

    type: Literal["absence"]


class TimeBased(TimeBasedConditions):
    """A schedule inside another condition."""

    type: Literal["time_based"]


class Compound(CompoundConditions):
    """A compound inside another condition."""

    type: Literal["compound"]


Condition: TypeAlias = Annotated[
    Threshold | Comparison | Statistical | Rate | Absence | TimeBased | Compound, Field(discriminator="type")
]
for _model in (TimeBasedConditions, CompoundConditions, TimeBased, Compound):
    _model.model_rebuild()


def inner(conditions: object) -> tuple[Condition, ...]:
    """The conditions inside another."""
    if isinstance(conditions, CompoundConditions):
        return conditions.parts
    if isinstance(conditions, TimeBasedConditions) and conditions.condition is not None:
        return (conditions.condition,)
    return ()


def depth(conditions: object) -> int:
    """How deep conditions are nested; 1 for one that holds no other."""
    return 1 + max(map(depth, inner(conditions)), default=0)


def size(conditions: object) -> int:
    """How many conditions there are, itself included."""
    return 1 + sum(map(size, inner(conditions)))
