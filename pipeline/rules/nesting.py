"""Judgement of conditions that hold others: `time_based` and `compound`. What is not known is None, as with all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.alerts import WindowEvidence
from pipeline.rules import absence, time_based
from pipeline.rules.conditions import (
    AbsenceConditions,
    CompoundConditions,
    Condition,
    TimeBasedConditions,
    inner,
)
from pipeline.rules.kind import TABLE
from pipeline.rules.verdict import UnitOf, Verdict, View


def schedule_keys(conditions: TimeBasedConditions) -> tuple[str, ...]:
    """The inner condition's keys, any without one."""
    return _keys(conditions.condition) if conditions.condition is not None else (absence.ANY,)


def judge_schedule(conditions: TimeBasedConditions, view: View) -> Verdict | None:
    """Whether the time is right and the inner condition holds; outside of its time the inner one is not looked at."""
    inside = time_based.is_inside(conditions.windows, conditions.timezone, view.wall)
    if inside is not (conditions.when == "inside"):
        return Verdict(False, None, None)
    if conditions.condition is None:
        return Verdict(True, None, None)
    part = judge(conditions.condition, view)
    return None if part is None else Verdict(part.holds, part.value, part.threshold, part.samples, (part,))


def schedule_words(conditions: TimeBasedConditions, verdict: Verdict, unit_of: UnitOf) -> str:
    """The inner condition's words, and the windows."""
    when = time_based.spoken_windows(conditions)
    part = verdict.parts[0] if verdict.parts else None
    if part is None or conditions.condition is None:
        return when if verdict.holds else f"no longer {when}"
    return f"{_words(conditions.condition, part, unit_of)}, {when}"


def schedule_windows(conditions: TimeBasedConditions, verdict: Verdict, ts: int) -> tuple[WindowEvidence, ...]:
    """The inner condition's windows."""
    part = verdict.parts[0] if verdict.parts else None
    return () if part is None or conditions.condition is None else _windows(conditions.condition, part, ts)


def compound_keys(conditions: CompoundConditions) -> tuple[str, ...]:
    """All keys of all parts."""
    return tuple(dict.fromkeys(key for part in conditions.parts for key in _keys(part)))


def judge_compound(conditions: CompoundConditions, view: View) -> Verdict | None:
    """All: false as soon as a part is, true only if every part is. Any: true as soon as one is. Else not known.

    The sides are those of the first part that decided.
    """
    parts = tuple([judge(part, view) for part in conditions.parts])
    decisive = conditions.all is None
    for part in parts:
        if part is not None and part.holds is decisive:
            return Verdict(decisive, part.value, part.threshold, part.samples, parts)
    first = parts[0]
    if first is None or None in parts:
        return None
    return Verdict(not decisive, first.value, first.threshold, first.samples, parts)


def compound_words(conditions: CompoundConditions, verdict: Verdict, unit_of: UnitOf) -> str:
    """The parts that made it so, joined by `and` or `or`."""
    said = [
        _words(condition, part, unit_of)
        for condition, part in zip(conditions.parts, verdict.parts, strict=True)
        if part is not None and part.holds is verdict.holds
    ]
    return (" and " if (conditions.all is not None) is verdict.holds else " or ").join(said)


def compound_windows(conditions: CompoundConditions, verdict: Verdict, ts: int) -> tuple[WindowEvidence, ...]:
    """The windows of all parts that are known."""
    return tuple(
        window
        for condition, part in zip(conditions.parts, verdict.parts, strict=True)
        if part is not None
        for window in _windows(condition, part, ts)
    )


def spans(conditions: Any) -> tuple[tuple[str, int], ...]:
    """The rings that the parts need."""
    return tuple(span for part in inner(conditions) for span in TABLE[part.type].spans(part))


def judge(condition: Condition, view: View) -> Verdict | None:
    """Judge a condition that names its type."""
    return TABLE[condition.type].judge(condition, view)


def leaves(conditions: Any) -> Iterator[Any]:
    """Every condition, itself included, outermost first."""
    yield conditions
    for part in inner(conditions):
        yield from leaves(part)


def awaited(conditions: Any) -> dict[str, int]:
    """The keys that are waited for, with the shortest time in milliseconds."""
    found: dict[str, int] = {}
    for it in leaves(conditions):
        if isinstance(it, AbsenceConditions):
            key, ms = absence.watched(it), it.seconds * 1000
            found[key] = min(ms, found.get(key, ms))
    return found


def is_scheduled(conditions: Any) -> bool:
    """Whether the time of day matters."""
    return any(isinstance(it, TimeBasedConditions) for it in leaves(conditions))


def due_in(conditions: Any, view: View, *, scheduled: bool) -> int | None:
    """In how many milliseconds of ticks the verdict may change without any reading; None if never. Schedules count only
    if `scheduled`."""
    found = [absence.due_in(it, view) for it in leaves(conditions) if isinstance(it, AbsenceConditions)]
    if scheduled and is_scheduled(conditions):
        found.append(time_based.due_in(view.wall))
    return min((rest for rest in found if rest is not None), default=None)


def _keys(condition: Condition) -> tuple[str, ...]:
    return TABLE[condition.type].keys(condition)


def _words(condition: Condition, verdict: Verdict, unit_of: UnitOf) -> str:
    return TABLE[condition.type].words(condition, verdict, unit_of)


def _windows(condition: Condition, verdict: Verdict, ts: int) -> tuple[WindowEvidence, ...]:
    return TABLE[condition.type].windows(condition, verdict, ts)
