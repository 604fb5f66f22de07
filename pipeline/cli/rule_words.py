"""A rule in a few words, for a line of a table. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def describe_rule(rule: Mapping[str, Any]) -> str:
    """What a stored rule judges, such as "avg of level over 60 s < 35"; `rule` is its document."""
    return _condition(rule["rule_type"], rule["conditions"])


def _condition(kind: str, given: Mapping[str, Any]) -> str:
    if kind == "comparison":
        factor = f" x {given['factor']:g}" if given.get("factor", 1) != 1 else ""
        offset = f" + {given['offset']:g}" if given.get("offset") else ""
        return f"{given['key']} {given['operator']} {given['other_key']}{factor}{offset}"
    if kind == "statistical":
        return f"{given['aggregate']} of {given['key']} over {given['window_seconds']} s {_limit(given)}"
    if kind == "rate_of_change":
        return f"{given['key']} per second over {given['window_seconds']} s {_limit(given)}"
    if kind == "absence":
        return f"no {given.get('key') or 'reading'} for {given['seconds']} s"
    if kind == "time_based":
        times = ", ".join(f"{window['start']}-{window['end']}" for window in given["windows"])
        inner = given.get("condition")
        condition = f"{_condition(inner['type'], inner)} " if inner else ""
        return f"{condition}{given['when']} {times} {given['timezone']}"
    if kind == "compound":
        word = "and" if given.get("all") else "or"
        parts = given.get("all") or given.get("any") or ()
        return f" {word} ".join(f"({_condition(part['type'], part)})" for part in parts)
    return f"{given['key']} {_limit(given)}"


def _limit(given: Mapping[str, Any]) -> str:
    return f"{given['operator']} {given['value']}"
