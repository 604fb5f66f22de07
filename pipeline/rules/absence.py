"""Judgement of `absence`: nothing came for so long."""

from __future__ import annotations

from pipeline.rules.conditions import AbsenceConditions
from pipeline.rules.verdict import UnitOf, Verdict, View
from pipeline.rules.wording import spoken_duration

ANY = ""
"""Stands for any key; no key is empty."""


def watched(conditions: AbsenceConditions) -> str:
    """The key that is waited for, or ANY."""
    return conditions.key or ANY


def keys(conditions: AbsenceConditions) -> tuple[str, ...]:
    """Any reading may show how much time has passed."""
    return (ANY,)


def elapsed(view: View, key: str) -> int | None:
    """For how long the key was not heard of, in milliseconds; None while it is not waited for.

    By ticks, which count only while the platform listened; or by the device's own time, less what passed in the journal
    without ticks: a device that was heard again after an outage of the platform was not silent meanwhile.
    """
    heard = view.heard.get(key)
    if heard is None:
        return None
    by_ticks = view.ticked - heard.ticked
    if heard.ts is None:
        return by_ticks
    unheard = max(0, view.journal - heard.journal - by_ticks)
    return max(by_ticks, view.now - heard.ts - unheard, heard.silent)


def judge(conditions: AbsenceConditions, view: View) -> Verdict | None:
    """Whether the key, or the device, was silent for so long; None while it is not waited for."""
    passed = elapsed(view, watched(conditions))
    if passed is None:
        return None
    return Verdict(passed >= conditions.seconds * 1000, passed / 1000, conditions.seconds)


def words(conditions: AbsenceConditions, verdict: Verdict, unit_of: UnitOf) -> str:
    """What did not come, or that it came."""
    if not verdict.holds:
        return f"{conditions.key or 'a reading'} came again"
    return f"no {conditions.key or 'reading'} for {spoken_duration(conditions.seconds)}"


def due_in(conditions: AbsenceConditions, view: View) -> int | None:
    """In how many milliseconds of ticks the silence will have lasted long enough; None if it has, or is not awaited."""
    heard = view.heard.get(watched(conditions))
    if heard is None:
        return None
    rest = heard.ticked + conditions.seconds * 1000 - view.ticked
    return rest if rest > 0 else None
