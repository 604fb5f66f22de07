"""What judging a rule gives, and what a judgement is told of the device's units."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from pipeline.events import Scalar

UnitOf: TypeAlias = Callable[[str], str | None]
"""The unit of a key, if known."""


class Verdict(NamedTuple):
    """Whether the condition holds, and the two sides that were compared; `samples` readings made the left one."""

    holds: bool
    value: Scalar
    threshold: Scalar
    samples: int = 1
