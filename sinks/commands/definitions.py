"""What can be defined: as a body that is compared and kept, and as the event that tells the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

import msgspec
import orjson

from pipeline.events import (
    Device,
    DeviceDefined,
    DeviceRemoved,
    PolicyDefined,
    RuleDefined,
    RuleRemoved,
    Silence,
    SilenceDefined,
    SilenceRemoved,
)
from pipeline.identifiers import check_identifier, slug
from pipeline.policy import Policy
from pipeline.rules.model import Rule, parse_rule, rule_document

Kind: TypeAlias = Literal["device", "rule", "silence", "policy"]
DefinitionEvent: TypeAlias = (
    DeviceDefined | DeviceRemoved | RuleDefined | RuleRemoved | SilenceDefined | SilenceRemoved | PolicyDefined
)
POLICY_ID = "policy"


@dataclass(frozen=True, slots=True)
class Definition:
    """Something as it is to be from now on; `body` is a JSON document that says all of it."""

    kind: Kind
    id: str
    body: Mapping[str, Any]


def of_rule(rule: Rule) -> Definition:
    """A rule under its id, made of its name if it has none; raises InvalidInput (reason `invalid_id`)."""
    rule_id = rule.rule_id or slug(rule.name)
    return Definition("rule", rule_id, _json(rule_document(rule.model_copy(update={"rule_id": rule_id}))))


def of_device(device: Device) -> Definition:
    """A device; raises InvalidInput (reason `invalid_id`)."""
    return Definition("device", check_identifier(device.device_id, "device_id"), _json(asdict(device)))


def of_silence(silence: Silence) -> Definition:
    """A silence; raises InvalidInput (reason `invalid_id`)."""
    return Definition("silence", check_identifier(silence.silence_id, "silence_id"), _json(asdict(silence)))


def of_policy(policy: Policy) -> Definition:
    """The policy, of which there is one."""
    return Definition("policy", POLICY_ID, _json(asdict(policy)))


def defining_event(definition: Definition, version: int) -> DefinitionEvent:
    """The event that tells of a definition."""
    body = dict(definition.body)
    match definition.kind:
        case "rule":
            return RuleDefined(version, definition.id, parse_rule(body))
        case "device":
            return DeviceDefined(version, msgspec.convert(body, Device))
        case "silence":
            return SilenceDefined(version, msgspec.convert(body, Silence))
        case "policy":
            return PolicyDefined(version, msgspec.convert(body, Policy))


def removing_event(kind: Kind, object_id: str, version: int) -> DefinitionEvent:
    """The event that tells of a removal; ValueError for the policy, which cannot be removed."""
    match kind:
        case "rule":
            return RuleRemoved(version, object_id)
        case "device":
            return DeviceRemoved(version, object_id)
        case "silence":
            return SilenceRemoved(version, object_id)
        case "policy":
            raise ValueError("the policy can be changed, not removed")


def _json(value: Any) -> dict[str, Any]:
    """The value as JSON gives it back, so that equal definitions compare equal."""
    body: dict[str, Any] = orjson.loads(orjson.dumps(value))
    return body
