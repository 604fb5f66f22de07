from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InvalidInput
from pipeline.rules.kinds import KINDS
from pipeline.rules.model import parse_rule, rule_document, rule_schema
from tests.support.event_strategies import rules

AS_DOCUMENTED: dict[str, Any] = {
    "name": "High Temperature Alert",
    "device_id": "device-001",
    "rule_type": "threshold",
    "conditions": {"key": "temperature", "operator": ">", "value": 25},
    "actions": [
        {"type": "email", "recipients": ["alerts@example.com"], "severity": "warning"},
        {"type": "webhook", "url": "https://api.example.com/alerts", "severity": "warning"},
    ],
    "priority": 5,
    "enabled": True,
}


def with_conditions(**changed: Any) -> dict[str, Any]:
    return {**AS_DOCUMENTED, "conditions": {**AS_DOCUMENTED["conditions"], **changed}}


def statistical(**changed: Any) -> dict[str, Any]:
    conditions = {"key": "a", "aggregate": "avg", "window_seconds": 60, "operator": ">", "value": 1, **changed}
    return {"name": "R", "rule_type": "statistical", "conditions": conditions}


def test_the_documented_rule_is_valid_and_comes_back_as_it_was_written() -> None:
    assert rule_document(parse_rule(AS_DOCUMENTED)) == AS_DOCUMENTED


@given(rules())
def test_a_rule_survives_json(made: Any) -> None:
    assert parse_rule(orjson.loads(orjson.dumps(rule_document(made)))) == made


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({}, "rule"),
        ("text", "rule"),
        (None, "rule"),
        ({**AS_DOCUMENTED, "rule_type": "magic"}, "rule"),
        ({**AS_DOCUMENTED, "colour": "red"}, "colour"),
        ({**AS_DOCUMENTED, "name": ""}, "name"),
        ({**AS_DOCUMENTED, "name": "a\0b"}, "name"),
        ({**AS_DOCUMENTED, "name": "a\ud800b"}, "name"),
        ({**AS_DOCUMENTED, "device_id": "a/b"}, "device_id"),
        ({**AS_DOCUMENTED, "device_id": "a\n"}, "device_id"),
        ({**AS_DOCUMENTED, "enabled": 1}, "enabled"),
        ({**AS_DOCUMENTED, "priority": True}, "priority"),
        ({**AS_DOCUMENTED, "severity": "fatal"}, "severity"),
        ({**AS_DOCUMENTED, "actions": [{"type": "email", "recipients": []}]}, "actions.0.recipients"),
        ({**AS_DOCUMENTED, "actions": [{"type": "pager"}]}, "actions.0"),
        (with_conditions(key=""), "conditions.key"),
        (with_conditions(key="k" * 65), "conditions.key"),
        (with_conditions(operator="=>"), "conditions.operator"),
        (with_conditions(value=float("nan")), "conditions.value"),
        (with_conditions(value=float("inf")), "conditions.value"),
        (with_conditions(value=2**63), "conditions.value"),
        (with_conditions(value=-(2**63) - 1), "conditions.value"),
        (with_conditions(value=None), "conditions.value"),
        (with_conditions(value="a\0b"), "conditions.value"),
        (with_conditions(value=[1]), "conditions.value"),
        (with_conditions(threshold=5), "conditions.threshold"),
        ({**AS_DOCUMENTED, "conditions": {"key": "a", "operator": ">"}}, "conditions.value"),
        (statistical(value=True), "conditions.value"),
        (statistical(value=10**400), "conditions.value"),
        (statistical(value=float("inf")), "conditions.value"),
        (statistical(window_seconds=0), "conditions.window_seconds"),
        (statistical(window_seconds=1.5), "conditions.window_seconds"),
        (statistical(aggregate="median"), "conditions.aggregate"),
        (statistical(min_samples=0), "conditions.min_samples"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_rule_is_refused_with_the_path_of_what_is_wrong(document: object, path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_rule(document)
    assert (caught.value.reason, caught.value.path) == ("invalid_rule", path)
    assert "pydantic" not in str(caught.value)


@pytest.mark.parametrize("value", [25, 25.0, True, "open", -(2**63), 2**63 - 1])
def test_a_threshold_keeps_the_kind_of_its_value(value: object) -> None:
    kept = rule_document(parse_rule(with_conditions(value=value)))["conditions"]["value"]
    assert kept == value
    assert type(kept) is type(value)


@pytest.mark.parametrize(
    ("severity", "of_actions", "expected"),
    [
        (None, [], "warning"),
        ("info", ["critical"], "info"),
        (None, ["info"], "info"),
        (None, ["warning", "critical", "info"], "critical"),
        (None, [None], "warning"),
    ],
)
def test_severity_is_its_own_or_the_highest_of_its_actions(
    severity: str | None, of_actions: list[str | None], expected: str
) -> None:
    actions = [{"type": "webhook", "url": "https://example.com", "severity": it} for it in of_actions]
    assert parse_rule({**AS_DOCUMENTED, "severity": severity, "actions": actions}).effective_severity == expected


def test_the_schema_names_every_type_that_can_be_judged() -> None:
    schema = rule_schema()
    assert set(schema["discriminator"]["mapping"]) == set(KINDS)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_nothing_but_invalid_input_is_raised(document: object) -> None:
    with pytest.raises(InvalidInput):
        parse_rule(document)
