"""Which rules a reading concerns: found by device and key, so that rules for other devices cost nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

from pipeline.events import Device
from pipeline.fold.marks import NEVER
from pipeline.rules.kind import Kind
from pipeline.rules.kinds import KINDS
from pipeline.rules.model import Rule
from pipeline.rules.nesting import awaited, is_scheduled
from pipeline.selector import Selector


class ActiveRule(NamedTuple):
    """An enabled rule with its type's functions at hand.

    `is_plain`: its condition alone opens and resolves. `awaited`: the keys whose absence matters, with the shortest
    time in milliseconds. `is_scheduled`: the time of day matters. The last two are about the
    condition alone, without what clears it.
    """

    rule_id: str
    version: int
    rule: Rule
    conditions: Any
    kind: Kind
    selector: Selector | None
    is_plain: bool
    awaited: Mapping[str, int]
    is_scheduled: bool
    opens_by_absence: bool
    moves_with_time: bool

    def concerns(self, device_id: str, definition: Device | None) -> bool:
        """Whether the rule is for this device."""
        if self.selector is not None:
            return self.selector.chooses(definition)
        return self.rule.device_id is None or self.rule.device_id == device_id


class KeyPlan(NamedTuple):
    """What a reading of one key asks for: rings (spans, ascending) and rules to judge, by id."""

    spans: tuple[int, ...]
    rules: tuple[ActiveRule, ...]


class Awaited(NamedTuple):
    """For how long a key may be absent at most, and whether a rule for this device alone says so."""

    shortest_ms: int
    is_own: bool


Plan: TypeAlias = Mapping[str, KeyPlan]


class DevicePlan(NamedTuple):
    """The rules of one device: `own` for the keys that rules for it alone concern, rules for all devices included;
    `general` for the other keys. `timed` are the rules that may change with time alone."""

    own: Plan
    general: Plan
    timed: tuple[ActiveRule, ...]
    awaited: Mapping[str, Awaited]

    def key(self, key: str) -> KeyPlan | None:
        """What a reading of this key asks for."""
        return self.own.get(key) or self.general.get(key)


_NO_RULES: Mapping[str, ActiveRule] = {}
_NO_PLAN: Plan = {}


class Plans:
    """The plans of every device. Immutable to its users; what is looked up is worked out once and kept."""

    __slots__ = ("_active", "_made", "_selective", "rules")

    def __init__(
        self,
        rules: Mapping[str, ActiveRule] | None = None,
        active: Mapping[str | None, Mapping[str, ActiveRule]] | None = None,
        selective: Mapping[str, ActiveRule] | None = None,
    ) -> None:
        self.rules = rules or {}
        """Every enabled rule by its id."""
        self._active = active or {}  # by device, None for all devices; then by rule id
        self._selective = selective or {}
        self._made: dict[str | None, tuple[Device | None, DevicePlan]] = {}

    @classmethod
    def of(cls, rules: Iterable[tuple[str, int, Rule | None]]) -> Plans:
        """The plans for these rules (id, version, rule)."""
        known = {rule_id: _activate(rule_id, version, rule) for rule_id, version, rule in rules if _is_on(rule)}
        active: dict[str | None, dict[str, ActiveRule]] = {}
        for rule_id, rule in known.items():
            if rule.selector is None:
                active.setdefault(rule.rule.device_id, {})[rule_id] = rule
        return cls(known, active, {rule_id: rule for rule_id, rule in known.items() if rule.selector is not None})

    def with_rule(self, rule_id: str, version: int, after: Rule | None) -> Plans:
        """The plans after a rule became `after`; None where it was removed."""
        rules, active, selective = dict(self.rules), dict(self._active), dict(self._selective)
        touched: set[str | None] = set()
        before = rules.pop(rule_id, None)
        if before is not None and before.selector is not None:
            del selective[rule_id]
            touched.add(None)
        elif before is not None:
            device = before.rule.device_id
            touched.add(device)
            kept = {key: rule for key, rule in active[device].items() if key != rule_id}
            if kept:
                active[device] = kept
            else:
                del active[device]
        if after is not None and after.enabled:
            made = rules[rule_id] = _activate(rule_id, version, after)
            if made.selector is not None:
                selective[rule_id] = made
                touched.add(None)
            else:
                touched.add(after.device_id)
                active[after.device_id] = {**active.get(after.device_id, _NO_RULES), rule_id: made}
        plans = Plans(rules, active, selective)
        if None not in touched:
            plans._made = {device: plan for device, plan in self._made.items() if device not in touched}
        return plans

    def of_device(self, device_id: str, definition: Device | None) -> DevicePlan:
        """The plan of a device that is defined so."""
        if not self._selective and device_id not in self._active:
            return self._plan(None, None)
        return self._plan(device_id, definition)

    def _plan(self, device_id: str | None, definition: Device | None) -> DevicePlan:
        known = self._made.get(device_id)
        if known is not None and known[0] is definition:
            return known[1]
        rules = self._active.get(device_id, _NO_RULES)
        if device_id is None:
            plan = DevicePlan(_NO_PLAN, _make_plan(rules), _timed(rules), _awaited(rules))
        else:
            chosen = {key: rule for key, rule in self._selective.items() if rule.concerns(device_id, definition)}
            general = self._plan(None, None)
            own = {
                key: _merge(mine, general.general[key]) if key in general.general else mine
                for key, mine in _make_plan({**rules, **chosen}).items()
            }
            every = {**self._active.get(None, _NO_RULES), **rules, **chosen}
            plan = DevicePlan(own, general.general, _timed(every), _awaited(every))
        self._made[device_id] = (definition, plan)
        return plan


def _is_on(rule: Rule | None) -> bool:
    return rule is not None and rule.enabled


def _activate(rule_id: str, version: int, rule: Rule | None) -> ActiveRule:
    assert rule is not None  # noqa: S101 (only rules that are on are activated)
    waited, clear = awaited(rule.conditions), awaited(rule.clear)
    waited = {key: min(of.get(key, NEVER) for of in (waited, clear)) for key in {**waited, **clear}}
    scheduled = is_scheduled(rule.conditions) or is_scheduled(rule.clear)
    timings = (rule.for_seconds, rule.clear, rule.clear_value, rule.clear_for_seconds, rule.cooldown_seconds)
    selection = rule.selector
    return ActiveRule(
        rule_id,
        version,
        rule,
        rule.conditions,
        KINDS[rule.rule_type],
        None if selection is None else Selector(selection.device_type, selection.location, selection.metadata),
        all(it is None for it in timings) and not rule.escalate and not waited and not scheduled,
        waited,
        scheduled,
        bool(awaited(rule.conditions)),
        bool(awaited(rule.conditions)) or is_scheduled(rule.conditions),
    )


def _keys(rule: ActiveRule) -> tuple[str, ...]:
    keys = rule.kind.keys(rule.conditions)
    clear = rule.rule.clear
    return keys if clear is None else tuple(dict.fromkeys((*keys, *KINDS[clear.type].keys(clear))))


def _spans(rule: ActiveRule) -> tuple[tuple[str, int], ...]:
    clear = rule.rule.clear
    return (*rule.kind.spans(rule.conditions), *(() if clear is None else KINDS[clear.type].spans(clear)))


def _make_plan(rules: Mapping[str, ActiveRule]) -> Plan:
    by_key: dict[str, list[ActiveRule]] = {}
    spans: dict[str, set[int]] = {}
    for _, rule in sorted(rules.items()):
        for key in _keys(rule):
            by_key.setdefault(key, []).append(rule)
        for key, span in _spans(rule):
            spans.setdefault(key, set()).add(span)
    return {key: KeyPlan(tuple(sorted(spans.get(key, ()))), tuple(chosen)) for key, chosen in by_key.items()}


def _timed(rules: Mapping[str, ActiveRule]) -> tuple[ActiveRule, ...]:
    return tuple(rule for _, rule in sorted(rules.items()) if rule.awaited or rule.is_scheduled)


def _awaited(rules: Mapping[str, ActiveRule]) -> Mapping[str, Awaited]:
    found: dict[str, Awaited] = {}
    for rule in rules.values():
        for key, ms in rule.awaited.items():
            other = found.get(key, Awaited(ms, False))
            found[key] = Awaited(min(ms, other.shortest_ms), other.is_own or rule.rule.device_id is not None)
    return found


def _merge(one: KeyPlan, other: KeyPlan) -> KeyPlan:
    return KeyPlan(
        tuple(sorted({*one.spans, *other.spans})), tuple(sorted((*one.rules, *other.rules), key=_by_rule_id))
    )


def _by_rule_id(rule: ActiveRule) -> str:
    return rule.rule_id
