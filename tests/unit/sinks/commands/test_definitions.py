"""Definitions as bodies and events."""

from __future__ import annotations

import pytest

from pipeline.errors import InvalidInput
from pipeline.events import Device, DeviceDefined, PolicyDefined, RuleDefined, RuleRemoved, Silence, SilenceDefined
from pipeline.policy import Policy
from pipeline.rules.model import parse_rule
from sinks.commands.definitions import defining_event, of_device, of_policy, of_rule, of_silence, removing_event

RULE = {
    "name": "High Temperature Alert",
    "rule_type": "threshold",
    "conditions": {"key": "t", "operator": ">", "value": 1},
    "actions": [{"type": "email", "recipients": ["a@example.com"]}],
}


def test_a_rule_gets_an_id_of_its_name_and_carries_it() -> None:
    definition = of_rule(parse_rule(RULE))
    assert (definition.id, definition.body["rule_id"]) == ("high-temperature-alert", "high-temperature-alert")
    event = defining_event(definition, 3)
    assert event == RuleDefined(3, definition.id, parse_rule({**RULE, "rule_id": definition.id}))


def test_equal_definitions_have_equal_bodies() -> None:
    device = Device("d", "D", metadata={"a": (1, 2)})
    assert of_device(device).body == of_device(Device("d", "D", metadata={"a": [1, 2]})).body


def test_each_definition_becomes_its_event() -> None:
    device, silence, policy = Device("d", "D"), Silence("s", 1, 2, "r", "b", severity="critical"), Policy(lateness_ms=1)
    assert defining_event(of_device(device), 1) == DeviceDefined(1, device)
    assert defining_event(of_silence(silence), 2) == SilenceDefined(2, silence)
    assert defining_event(of_policy(policy), 3) == PolicyDefined(3, policy)


def test_an_id_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidInput, match="device_id"):
        of_device(Device("a/b", "D"))


def test_the_policy_cannot_be_removed() -> None:
    assert removing_event("rule", "r", 2) == RuleRemoved(2, "r")
    with pytest.raises(ValueError, match="not removed"):
        removing_event("policy", "policy", 2)
