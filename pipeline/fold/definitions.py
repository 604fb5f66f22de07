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
from pipeline.fold.registry import PolicyItem, RegistryItem, RuleItem, SilenceItem
from pipeline.fold.transitions import Reason, end_alert
from pipeline.fold.work import Work
from pipeline.rules.model import Rule


def define_rule(work: Work, event: RuleDefined) -> None:
    """Take a rule's new version; its open alerts end if it now means something else or is switched off."""
    known = work.registry.rules.get(event.rule_id)
    if _is_news(known, event.version, work.offset):
        if known is not None and known.rule is not None:
            reason = _reason_to_end(known.rule, event.rule)
            if reason is not None:
                _end_alerts(work, known, reason)
        work.registry = work.registry.with_item(RuleItem(event.rule_id, event.version, work.offset, event.rule))


def remove_rule(work: Work, event: RuleRemoved) -> None:
    """Remove a rule; its open alerts end."""
    known = work.registry.rules.get(event.rule_id)
    if _is_news(known, event.version, work.offset):
        if known is not None:
            _end_alerts(work, known, "rule_removed")
        work.registry = work.registry.with_item(RuleItem(event.rule_id, event.version, work.offset, None))


def define_device(work: Work, event: DeviceDefined) -> None:
    """Take a device's new definition; made inactive, its open alerts end."""
    device_id = event.device.device_id
    known = work.state.devices.get(device_id)
    if work.is_included(known) or (known is not None and event.version <= known.version):
        return
    device = work.touch(device_id)
    device.version, device.definition = event.version, event.device
    if not event.device.active:
        for rule_id in sorted(device.alerts):
            end_alert(work, device_id, rule_id, "device_inactive")


def remove_device(work: Work, event: DeviceRemoved) -> None:
    """Remove a device: its open alerts end, its series are dropped, its version stays."""
    known = work.state.devices.get(event.device_id)
    if work.is_included(known) or (known is not None and event.version <= known.version):
        return
    device = work.touch(event.device_id)
    for rule_id in sorted(device.alerts):
        end_alert(work, event.device_id, rule_id, "device_removed")
    device.version, device.definition = event.version, None
    device.series, device.suspended = {}, {}


def define_silence(work: Work, event: SilenceDefined) -> None:
    """Take a silence's new version."""
    silence_id = event.silence.silence_id
    if _is_news(work.registry.silences.get(silence_id), event.version, work.offset):
        item = SilenceItem(silence_id, event.version, work.offset, event.silence)
        work.registry = work.registry.with_item(item)


def remove_silence(work: Work, event: SilenceRemoved) -> None:
    """Remove a silence."""
    if _is_news(work.registry.silences.get(event.silence_id), event.version, work.offset):
        work.registry = work.registry.with_item(SilenceItem(event.silence_id, event.version, work.offset, None))


def define_policy(work: Work, event: PolicyDefined) -> None:
    """Take a new policy; what was decided under the old one stays."""
    if _is_news(work.registry.policy, event.version, work.offset):
        work.registry = work.registry.with_item(PolicyItem(event.version, work.offset, event.policy))


def _is_news(known: RegistryItem | None, version: int, offset: int) -> bool:
    return known is None or (version > known.version and offset > known.offset)


def _reason_to_end(before: Rule, after: Rule) -> Reason | None:
    if before.enabled and not after.enabled:
        return "rule_disabled"
    if before.rule_type != after.rule_type or before.device_id != after.device_id:
        return "rule_changed"
    if before.conditions != after.conditions or _compares_flag(before) is not _compares_flag(after):
        return "rule_changed"
    return None


def _compares_flag(rule: Rule) -> bool:
    """Whether the rule's value is true or false, which to Python equal 1 and 0."""
    return isinstance(getattr(rule.conditions, "value", None), bool)


def _end_alerts(work: Work, known: RuleItem, reason: Reason) -> None:
    if known.rule is None:
        return
    for device_id in work.having_open(known.rule_id, known.rule.device_id):
        end_alert(work, device_id, known.rule_id, reason)
