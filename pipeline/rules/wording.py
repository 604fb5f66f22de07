"""How values read in an alert's message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline.events import Scalar
from pipeline.rules.verdict import UnitOf, Verdict

_LONGEST_TEXT = 64


def spoken(value: Scalar | None, unit: str | None = None) -> str:
    """A value with its unit: `104.2 °C`, `true`, `"open"`. Ten significant digits, long text is cut."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        said = "true" if value else "false"
    elif isinstance(value, str):
        said = f'"{value}"' if len(value) <= _LONGEST_TEXT else f'"{value[:_LONGEST_TEXT]}…"'
    elif isinstance(value, int):
        said = str(value)
    else:
        said = f"{value:.10g}"
    return f"{said} {unit}" if unit else said


def spoken_duration(seconds: int) -> str:
    """`90 s`, `5 min`, `2 h`: the largest unit that leaves no remainder, if there are at least two of it."""
    for size, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds % size == 0 and seconds >= 2 * size:
            return f"{seconds // size} {name}"
    return f"{seconds} s"


def compared(sides: Callable[[Any, Verdict, UnitOf], tuple[str, str]]) -> Callable[[Any, Verdict, UnitOf], str]:
    """Words for a type that compares two sides: `temperature 104 °C > 100 °C`."""

    def words(conditions: Any, verdict: Verdict, unit_of: UnitOf) -> str:
        left, right = sides(conditions, verdict, unit_of)
        return f"{left}{'' if verdict.holds else ', no longer'} {conditions.operator} {right}"

    return words
