"""What every model of the rule language is: immutable, strict, and closed to unknown fields."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

Severity: TypeAlias = Literal["info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")
Operator: TypeAlias = Literal[">", "<", ">=", "<=", "==", "!="]
Aggregate: TypeAlias = Literal["avg", "min", "max", "stddev", "sum", "count", "range"]
STATUS_KEY = "$status"
"""The key under which rules find whether a device is `online` or `offline`."""


class Model(BaseModel):
    """Frozen; unknown fields are refused with their path."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)
