"""What a type of condition is made of, and the table of all types, which `kinds` fills."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline.alerts import WindowEvidence
from pipeline.rules.verdict import UnitOf, Verdict, View


def _nothing(conditions: Any) -> tuple[Any, ...]:
    return ()


def _no_windows(conditions: Any, verdict: Verdict, ts: int) -> tuple[WindowEvidence, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Kind:
    """The functions of one type; each takes the conditions of that type first. What `judge` raises suspends a rule.

    `keys`     whose readings make a judgement due; the empty key stands for any
    `judge`    the verdict on a view, None where it means nothing
    `words`    a verdict as part of a sentence
    `spans`    of the rings that each key's series must have, as (key, span)
    `windows`  that a verdict at a time was made from
    """

    keys: Callable[[Any], tuple[str, ...]]
    judge: Callable[[Any, View], Verdict | None]
    words: Callable[[Any, Verdict, UnitOf], str]
    spans: Callable[[Any], tuple[tuple[str, int], ...]] = _nothing
    windows: Callable[[Any, Verdict, int], tuple[WindowEvidence, ...]] = _no_windows


TABLE: dict[str, Kind] = {}
"""Every type by its name. Conditions that hold others look their kinds up here."""
