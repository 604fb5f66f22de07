"""How far back a rule looks."""

from __future__ import annotations

from typing import Any

from pipeline.rules.model import Rule, rule_document


def warm_up_ms(rule: Rule) -> int:
    """The longest duration that the rule names, in milliseconds: its windows, ages, delays and absences."""
    return _longest_seconds(rule_document(rule)) * 1000


def _longest_seconds(document: Any) -> int:
    found = [0]
    if isinstance(document, dict):
        for name, value in document.items():
            if name.endswith("seconds") and isinstance(value, int | float):
                found.append(int(value))
            found.append(_longest_seconds(value))
    elif isinstance(document, list):
        found += [_longest_seconds(each) for each in document]
    return max(found)
