"""Judging a device's rules at a moment. A rule whose judgement raises is suspended for the device."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.alerts import RuleSuspended
from pipeline.fold.moment import Moment, view_of
from pipeline.fold.plans import ActiveRule, DevicePlan
from pipeline.fold.state import DeviceState
from pipeline.fold.weighing import go_on, weigh
from pipeline.fold.work import Work
from pipeline.rules.base import STATUS_KEY
from pipeline.rules.nesting import due_in
from pipeline.rules.verdict import View

_LONGEST_ERROR = 200


def judge_rules(work: Work, device: DeviceState, plan: DevicePlan, rules: Iterable[ActiveRule], moment: Moment) -> None:
    """Judge rules that a reading or a status concerns."""
    view = view_of(work, device, moment, with_status=plan.key(STATUS_KEY) is not None)
    for rule in rules:
        if device.suspended and device.suspended.get(rule.rule_id, 0) >= rule.version:
            continue
        try:
            weigh(work, device, rule, moment, view, rule.kind.judge(rule.conditions, view))
            if rule.is_scheduled or rule.awaited:
                _look_again(work, device, rule, view)
        except Exception as error:  # whatever a rule's judgement raises must not stop the other rules
            suspend(work, device, rule, moment, error)


def judge_on_tick(
    work: Work, device: DeviceState, plan: DevicePlan, rules: Iterable[ActiveRule], moment: Moment
) -> None:
    """See what passing time makes of rules: absences open and schedules close; the others only go on."""
    view = view_of(work, device, moment, with_status=plan.key(STATUS_KEY) is not None)
    for rule in rules:
        if device.suspended and device.suspended.get(rule.rule_id, 0) >= rule.version:
            continue
        try:
            if rule.is_scheduled or rule.awaited:
                _judge_timed(work, device, rule, moment, view)
            else:
                go_on(work, device, rule, moment, view)
        except Exception as error:  # as above
            suspend(work, device, rule, moment, error)


def judge_gap(work: Work, device: DeviceState, plan: DevicePlan, rules: Iterable[ActiveRule], moment: Moment) -> None:
    """Before what came is heard: a gap that the device's own time shows has been an absence, though it ends now."""
    absences = [it for it in rules if it.rule.rule_type == "absence" and it.rule_id not in device.alerts]
    if absences:
        judge_rules(work, device, plan, absences, moment)


def suspend(work: Work, device: DeviceState, rule: ActiveRule, moment: Moment, error: Exception) -> None:
    """Judge the rule no more for this device until it is defined anew."""
    device.suspended = {**device.suspended, rule.rule_id: rule.version}
    said = f"{type(error).__name__}: {error}"[:_LONGEST_ERROR]
    work.outputs.append(RuleSuspended(rule.rule_id, rule.version, moment.device_id, said, moment.at, work.cause))


def _judge_timed(work: Work, device: DeviceState, rule: ActiveRule, moment: Moment, view: View) -> None:
    is_open = rule.rule_id in device.alerts
    if not is_open and not rule.moves_with_time:
        go_on(work, device, rule, moment, view)
        _look_again(work, device, rule, view)
        return
    verdict = rule.kind.judge(rule.conditions, view)
    watch = device.watches.get(rule.rule_id)
    opens = rule.opens_by_absence or (watch is not None and watch.true_since is not None)
    if is_open or opens or verdict is None or not verdict.holds:
        weigh(work, device, rule, moment, view, verdict)
    _look_again(work, device, rule, view)


def _look_again(work: Work, device: DeviceState, rule: ActiveRule, view: View) -> None:
    waiting = rule.rule_id in device.alerts or rule.rule_id in device.watches
    parts = (rule.conditions, rule.rule.clear)
    for conditions in parts if waiting else parts[:1]:
        rest = due_in(conditions, view, scheduled=waiting)
        if rest is not None:
            device.wake(work.ticked + rest)
