"""Which rules a reading concerns: found by device and key, so that rules for other devices cost nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

from pipeline.rules.kinds import KINDS, Kind
from pipeline.rules.model import Rule


class ActiveRule(NamedTuple):
    """An enabled rule with its type's functions at hand."""

    rule_id: str
    version: int
    rule: Rule
    conditions: Any
    kind: Kind


class KeyPlan(NamedTuple):
    """What a reading of one key asks for: rings (spans, ascending) and rules to judge, by id."""

    spans: tuple[int, ...]
    rules: tuple[ActiveRule, ...]


Plan: TypeAlias = Mapping[str, KeyPlan]
_NO_RULES: Mapping[str, ActiveRule] = {}


class Plans:
    """The plans of every device. Immutable to its users; what is looked up is worked out once and kept."""

    __slots__ = ("_active", "_made")

    def __init__(self, active: Mapping[str | None, Mapping[str, ActiveRule]] | None = None) -> None:
        self._active = active or {}  # by device, None for all devices; then by rule id
        self._made: dict[str | None, Plan] = {}

    @classmethod
    def of(cls, rules: Iterable[tuple[str, int, Rule | None]]) -> Plans:
        """The plans for these rules (id, version, rule)."""
        active: dict[str | None, dict[str, ActiveRule]] = {}
        for rule_id, version, rule in rules:
            if rule is not None and rule.enabled:
                active.setdefault(rule.device_id, {})[rule_id] = _activate(rule_id, version, rule)
        return cls(active)

    def with_rule(self, rule_id: str, version: int, before: Rule | None, after: Rule | None) -> Plans:
        """The plans after one rule changed from `before` to `after`; None where there is none."""
        active = dict(self._active)
        touched: set[str | None] = set()
        if before is not None and before.enabled:
            touched.add(before.device_id)
            kept = {key: rule for key, rule in active[before.device_id].items() if key != rule_id}
            if kept:
                active[before.device_id] = kept
            else:
                del active[before.device_id]
        if after is not None and after.enabled:
            touched.add(after.device_id)
            mine = active.get(after.device_id, _NO_RULES)
            active[after.device_id] = {**mine, rule_id: _activate(rule_id, version, after)}
        made = Plans(active)
        if None not in touched:
            made._made = {device: plan for device, plan in self._made.items() if device not in touched}
        return made

    def general(self) -> Plan:
        """The plan of the rules for all devices, by key."""
        return self._plan(None)

    def own(self, device_id: str) -> Plan | None:
        """The plan for the keys that the device's own rules concern, rules for all devices included; None if no rule
        is for this device alone."""
        if device_id not in self._active:
            return None
        return self._plan(device_id)

    def _plan(self, device_id: str | None) -> Plan:
        plan = self._made.get(device_id)
        if plan is None:
            plan = _make_plan(self._active.get(device_id, _NO_RULES))
            if device_id is not None:
                general = self.general()
                plan = {key: _merge(mine, general[key]) if key in general else mine for key, mine in plan.items()}
            self._made[device_id] = plan
        return plan


def _activate(rule_id: str, version: int, rule: Rule) -> ActiveRule:
    return ActiveRule(rule_id, version, rule, rule.conditions, KINDS[rule.rule_type])


def _make_plan(rules: Mapping[str, ActiveRule]) -> Plan:
    by_key: dict[str, list[ActiveRule]] = {}
    for _, rule in sorted(rules.items()):
        for key in rule.kind.keys(rule.conditions):
            by_key.setdefault(key, []).append(rule)
    return {key: KeyPlan(_spans(chosen), tuple(chosen)) for key, chosen in by_key.items()}


def _merge(one: KeyPlan, other: KeyPlan) -> KeyPlan:
    return KeyPlan(
        tuple(sorted({*one.spans, *other.spans})), tuple(sorted((*one.rules, *other.rules), key=_by_rule_id))
    )


def _by_rule_id(rule: ActiveRule) -> str:
    return rule.rule_id


def _spans(rules: list[ActiveRule]) -> tuple[int, ...]:
    return tuple(sorted({span for rule in rules for span in rule.kind.spans(rule.conditions)}))
