"""Every rule type with its parts. A new type is a model, a module of judgement and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.alerts import WindowEvidence
from pipeline.rules import comparison, statistical, threshold
from pipeline.rules.verdict import UnitOf, Verdict
from pipeline.windows.series import Series


def _no_spans(conditions: Any) -> tuple[int, ...]:
    return ()


def _no_windows(conditions: Any, verdict: Verdict, ts: int) -> tuple[WindowEvidence, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Kind:
    """The functions of one rule type; each takes the conditions of that type first.

    `judge` may rely on a series for each key whose reading made the judgement due; what it raises suspends the rule.
    """

    keys: Callable[[Any], tuple[str, ...]]
    judge: Callable[[Any, Mapping[str, Series], int], Verdict | None]
    sides: Callable[[Any, Verdict, UnitOf], tuple[str, str]]
    spans: Callable[[Any], tuple[int, ...]] = _no_spans
    windows: Callable[[Any, Verdict, int], tuple[WindowEvidence, ...]] = _no_windows


KINDS: dict[str, Kind] = {
    "threshold": Kind(threshold.keys, threshold.judge, threshold.sides),
    "comparison": Kind(comparison.keys, comparison.judge, comparison.sides),
    "statistical": Kind(statistical.keys, statistical.judge, statistical.sides, statistical.spans, statistical.windows),
}
