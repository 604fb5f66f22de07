"""Folding definitions: a version counts only if it is higher than the known one, so copies change nothing."""

from __future__ import annotations

from pipeline.events import (
    DeviceDefined,
    DeviceRemoved,
    PolicyDefined,
    RuleDefined,
    RuleRemoved,
    SilenceDefined,
    SilenceRemoved,
)
from pipeline.fold.hearing import wait_anew
from pipeline.fold.registry import PolicyItem, RegistryItem, RuleItem, SilenceItem
from pipeline.fold.state import DeviceState
from pipeline.fold.ticks import end_silences
from pipeline.fold.transitions import Reason, end_alert
from pipeline.fold.work import Work
from pipeline.rules.model import Rule
from pipeline.rules.nesting import awaited, leaves


def define_rule(work: Work, event: RuleDefined) -> None:
    """Take a rule's new version; what it has open or waits for ends if it now means something else or is off."""
    known = work.registry.rules.get(event.rule_id)
    if _is_news(known, event.version, work.offset):
        before = known.rule if known is not None else None
        if before is not None:
            reason = _reason_to_end(before, event.rule)
            if reason is not None:
                _end_rule(work, event.rule_id, before, reason)
        work.registry = work.registry.with_item(RuleItem(event.rule_id, event.version, work.offset, event.rule))
        _wait_anew(work, before, event.rule)


def remove_rule(work: Work, event: RuleRemoved) -> None:
    """Remove a rule; what it has open or waits for ends."""
    known = work.registry.rules.get(event.rule_id)
    if _is_news(known, event.version, work.offset):
        before = known.rule if known is not None else None
        if before is not None:
            _end_rule(work, event.rule_id, before, "rule_removed")
        work.registry = work.registry.with_item(RuleItem(event.rule_id, event.version, work.offset, None))
        _wait_anew(work, before, None)


def define_device(work: Work, event: DeviceDefined) -> None:
    """Take a device's new definition. Made inactive, what is open or waits ends; so it does for rules that no longer
    choose it."""
    device_id = event.device.device_id
    known = work.state.devices.get(device_id)
    if work.is_included(known) or (known is not None and event.version <= known.version):
        return
    device = work.touch(device_id)
    device.version, device.definition = event.version, event.device
    if not event.device.active:
        _end_device(work, device_id, sorted(device.alerts), "device_inactive")
        device.watches, device.heard = {}, {}
        return
    rules = work.registry.plans.rules
    left = {
        rule_id
        for rule_id in (*device.alerts, *device.watches)
        if rule_id in rules and not rules[rule_id].concerns(device_id, event.device)
    }
    _end_device(work, device_id, sorted(left & device.alerts.keys()), "device_changed")
    device.watches = {rule_id: watch for rule_id, watch in device.watches.items() if rule_id not in left}
    wait_anew(work, device_id)


def remove_device(work: Work, event: DeviceRemoved) -> None:
    """Remove a device: its open alerts end, all that is known of it is dropped, its version stays."""
    known = work.state.devices.get(event.device_id)
    if work.is_included(known) or (known is not None and event.version <= known.version):
        return
    device = work.touch(event.device_id)
    _end_device(work, event.device_id, sorted(device.alerts), "device_removed")
    work.devices[event.device_id] = DeviceState(
        device.offset, event.version, None, ended=device.ended, told=device.told
    )


def define_silence(work: Work, event: SilenceDefined) -> None:
    """Take a silence's new version; it may end sooner than before."""
    silence_id = event.silence.silence_id
    if _is_news(work.registry.silences.get(silence_id), event.version, work.offset):
        item = SilenceItem(silence_id, event.version, work.offset, event.silence)
        work.registry = work.registry.with_item(item)
        end_silences(work)


def remove_silence(work: Work, event: SilenceRemoved) -> None:
    """Remove a silence."""
    if _is_news(work.registry.silences.get(event.silence_id), event.version, work.offset):
        work.registry = work.registry.with_item(SilenceItem(event.silence_id, event.version, work.offset, None))
        end_silences(work)


def define_policy(work: Work, event: PolicyDefined) -> None:
    """Take a new policy; what was decided under the old one stays."""
    if _is_news(work.registry.policy, event.version, work.offset):
        work.registry = work.registry.with_item(PolicyItem(event.version, work.offset, event.policy))


def _is_news(known: RegistryItem | None, version: int, offset: int) -> bool:
    return known is None or (version > known.version and offset > known.offset)


def _reason_to_end(before: Rule, after: Rule) -> Reason | None:
    if before.enabled and not after.enabled:
        return "rule_disabled"
    if any(getattr(before, name) != getattr(after, name) for name in _DECIDES) or _flags(before) != _flags(after):
        return "rule_changed"
    return None


_DECIDES = (
    "rule_type",
    "device_id",
    "selector",
    "conditions",
    "clear",
    "clear_value",
    "for_seconds",
    "clear_for_seconds",
    "cooldown_seconds",
)
"""What a rule means."""


def _flags(rule: Rule) -> list[bool]:
    """Which of the rule's values are true or false, which to Python equal 1 and 0."""
    conditions = [*leaves(rule.conditions), *leaves(rule.clear)]
    metadata = rule.selector.metadata if rule.selector is not None else None
    values = [getattr(it, "value", None) for it in conditions] + [it for _, it in sorted((metadata or {}).items())]
    return [isinstance(value, bool) for value in values]


def _end_rule(work: Work, rule_id: str, before: Rule, reason: Reason) -> None:
    for device_id in work.concerned(before.device_id):
        known = work.devices.get(device_id) or work.state.devices[device_id]
        if rule_id in known.alerts:
            end_alert(work, device_id, rule_id, reason)
        if rule_id in known.watches:
            device = work.touch(device_id)
            device.watches = {key: watch for key, watch in device.watches.items() if key != rule_id}


def _end_device(work: Work, device_id: str, rule_ids: list[str], reason: Reason) -> None:
    for rule_id in rule_ids:
        end_alert(work, device_id, rule_id, reason)


def _wait_anew(work: Work, before: Rule | None, after: Rule | None) -> None:
    for rule in (before, after):
        if rule is not None and (awaited(rule.conditions) or awaited(rule.clear)):
            for device_id in work.concerned(rule.device_id):
                wait_anew(work, device_id)
