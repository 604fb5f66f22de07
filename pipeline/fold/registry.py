"""What concerns every device: rules, silences and the policy, as immutable items with the offset that defined them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from pipeline.events import Silence
from pipeline.fold.plans import Plans
from pipeline.policy import DEFAULT_POLICY, Policy
from pipeline.rules.model import Rule


@dataclass(frozen=True, slots=True)
class RuleItem:
    """A rule's latest version; a removed one keeps its version, so that an older definition stays without effect."""

    rule_id: str
    version: int
    offset: int
    rule: Rule | None


@dataclass(frozen=True, slots=True)
class SilenceItem:
    """A silence's latest version; None once removed."""

    silence_id: str
    version: int
    offset: int
    silence: Silence | None


@dataclass(frozen=True, slots=True)
class PolicyItem:
    """The policy in force."""

    version: int
    offset: int
    policy: Policy


RegistryItem: TypeAlias = RuleItem | SilenceItem | PolicyItem


@dataclass(frozen=True, slots=True)
class Registry:
    """Every item by its id, and the plans that follow from the rules."""

    rules: Mapping[str, RuleItem] = field(default_factory=dict)
    silences: Mapping[str, SilenceItem] = field(default_factory=dict)
    policy: PolicyItem = PolicyItem(0, -1, DEFAULT_POLICY)
    plans: Plans = field(default_factory=Plans, compare=False)

    def with_item(self, item: RegistryItem) -> Registry:
        """The registry with the item in place of any earlier one of its id."""
        if isinstance(item, PolicyItem):
            return replace(self, policy=item)
        if isinstance(item, SilenceItem):
            return replace(self, silences={**self.silences, item.silence_id: item})
        return replace(
            self,
            rules={**self.rules, item.rule_id: item},
            plans=self.plans.with_rule(item.rule_id, item.version, item.rule),
        )

    def items(self) -> tuple[RegistryItem, ...]:
        """Every item that an event has defined."""
        policy = (self.policy,) if self.policy.version else ()
        return (*self.rules.values(), *self.silences.values(), *policy)


def registry_of(items: tuple[RegistryItem, ...]) -> Registry:
    """The registry made of these items, one for each id."""
    rules = {item.rule_id: item for item in items if isinstance(item, RuleItem)}
    silences = {item.silence_id: item for item in items if isinstance(item, SilenceItem)}
    policies = [item for item in items if isinstance(item, PolicyItem)]
    plans = Plans.of((item.rule_id, item.version, item.rule) for item in rules.values())
    return Registry(rules, silences, policies[0], plans) if policies else Registry(rules, silences, plans=plans)
