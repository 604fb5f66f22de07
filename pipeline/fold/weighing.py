"""From verdicts to transitions: how long a condition must hold or be clear, cooling down, getting worse.

A rule that has none of this opens on a verdict that holds and resolves on one that does not.
"""

from __future__ import annotations

from msgspec.structs import replace

from pipeline.alerts import TimerEvidence
from pipeline.fold.marks import Mark, due, has_passed
from pipeline.fold.moment import Moment
from pipeline.fold.plans import ActiveRule
from pipeline.fold.state import DeviceState, Watch
from pipeline.fold.transitions import clear_alert, escalate_alert, raise_alert
from pipeline.fold.work import Work
from pipeline.rules.base import SEVERITIES, Severity
from pipeline.rules.nesting import judge
from pipeline.rules.operators import compare
from pipeline.rules.verdict import Verdict, View

_NOTHING = Watch()


def weigh(
    work: Work, device: DeviceState, rule: ActiveRule, moment: Moment, view: View, verdict: Verdict | None
) -> None:
    """What a verdict on the rule's condition makes of the rule's alert for the device."""
    opened = device.alerts.get(rule.rule_id)
    if rule.is_plain and (not device.watches or rule.rule_id not in device.watches):
        if verdict is None:
            return
        if opened is None:
            if verdict.holds:
                raise_alert(work, device, rule, moment, view, verdict)
        elif not verdict.holds:
            clear_alert(work, device, rule, moment, view, verdict)
    elif opened is None:
        _toward_opening(work, device, rule, moment, view, verdict)
    else:
        if verdict is not None and verdict.holds:
            _escalate_by_value(work, device, rule, moment, view, verdict)
        escalate_by_time(work, device, rule, moment, view)
        _toward_end(work, device, rule, moment, view, verdict, _is_clear(rule, view, verdict))


def go_on(work: Work, device: DeviceState, rule: ActiveRule, moment: Moment, view: View) -> None:
    """What the time that has passed makes of it, where the last verdict still stands."""
    watch = device.watches.get(rule.rule_id, _NOTHING)
    as_judged = moment._replace(ts=watch.judged_at)
    if rule.rule_id not in device.alerts:
        if watch.true_since is not None:
            _toward_opening(work, device, rule, as_judged, view, watch.verdict)
        return
    escalate_by_time(work, device, rule, moment, view)
    if watch.clear_since is not None:
        _toward_end(work, device, rule, as_judged, view, watch.verdict, True)


def escalate_by_time(work: Work, device: DeviceState, rule: ActiveRule, moment: Moment, view: View) -> None:
    """Escalate what has been open, and acknowledged by nobody, for long enough; else look again when it will be."""
    alert = device.alerts[rule.rule_id]
    if alert.acknowledged_at is not None:
        return
    worst: tuple[Severity, int] | None = None
    for step in rule.rule.escalate:
        if step.after_seconds is None or not _is_worse(step.severity, worst[0] if worst else alert.severity):
            continue
        if has_passed(alert.opened, moment.until, step.after_seconds):
            worst = (step.severity, step.after_seconds)
        else:
            device.wake(due(alert.opened, step.after_seconds))
    if worst is not None:
        timer = TimerEvidence("escalate", alert.opened.now, worst[1])
        escalate_alert(work, device, rule, moment, view, None, worst[0], (timer,))


def start_cooling(device: DeviceState, rule: ActiveRule | None, rule_id: str, mark: Mark, *, closed: bool) -> None:
    """An alert has ended: nothing is pending any more; a cool-down begins if the rule has one."""
    cooling = mark if rule is not None and rule.rule.cooldown_seconds is not None else None
    _keep(device, rule_id, Watch(cooling=cooling, closed=closed))


def _toward_opening(
    work: Work, device: DeviceState, rule: ActiveRule, moment: Moment, view: View, verdict: Verdict | None
) -> None:
    if verdict is None:
        return
    watch = device.watches.get(rule.rule_id, _NOTHING)
    if not verdict.holds:
        cooling = None if has_passed(watch.cooling, moment.until, rule.rule.cooldown_seconds) else watch.cooling
        _keep(device, rule.rule_id, Watch(cooling=cooling))
        return
    if watch.closed:
        return
    since = watch.true_since or moment.mark
    held = has_passed(since, moment.until, rule.rule.for_seconds)
    cooled = has_passed(watch.cooling, moment.until, rule.rule.cooldown_seconds)
    if held and cooled:
        timers = () if rule.rule.for_seconds is None else (TimerEvidence("for", since.now, rule.rule.for_seconds),)
        _keep(device, rule.rule_id, _NOTHING)
        raise_alert(work, device, rule, moment, view, verdict, _severity(rule, verdict), timers)
        escalate_by_time(work, device, rule, moment, view)
        return
    device.wake(
        max(
            0 if held else due(since, rule.rule.for_seconds),
            0 if cooled else due(watch.cooling, rule.rule.cooldown_seconds),
        )
    )
    _keep(
        device,
        rule.rule_id,
        replace(watch, true_since=since, verdict=verdict, judged_at=moment.ts),
    )


def _toward_end(
    work: Work,
    device: DeviceState,
    rule: ActiveRule,
    moment: Moment,
    view: View,
    verdict: Verdict | None,
    is_clear: bool | None,
) -> None:
    if is_clear is None:
        return
    watch = device.watches.get(rule.rule_id, _NOTHING)
    if not is_clear:
        _keep(device, rule.rule_id, _NOTHING)
        return
    since = watch.clear_since or moment.mark
    seconds = rule.rule.clear_for_seconds
    if has_passed(since, moment.until, seconds):
        timers = () if seconds is None else (TimerEvidence("clear_for", since.now, seconds),)
        clear_alert(work, device, rule, moment, view, verdict, timers)
        start_cooling(device, rule, rule.rule_id, moment.mark, closed=False)
        return
    device.wake(due(since, seconds))
    _keep(device, rule.rule_id, Watch(clear_since=since, verdict=verdict, judged_at=moment.ts))


def _is_clear(rule: ActiveRule, view: View, verdict: Verdict | None) -> bool | None:
    """Whether an open alert may resolve; None if that is not known."""
    if rule.rule.clear is not None:
        if verdict is not None and verdict.holds:
            return False
        found = judge(rule.rule.clear, view)
        return None if found is None else found.holds
    if verdict is None:
        return None
    if rule.rule.clear_value is not None:
        if verdict.value is None:
            return None
        still = compare(verdict.value, rule.conditions.operator, rule.rule.clear_value)
        return None if still is None else not still
    return not verdict.holds


def _escalate_by_value(
    work: Work, device: DeviceState, rule: ActiveRule, moment: Moment, view: View, verdict: Verdict
) -> None:
    severity = _severity(rule, verdict)
    if _is_worse(severity, device.alerts[rule.rule_id].severity):
        escalate_alert(work, device, rule, moment, view, verdict, severity)


def _severity(rule: ActiveRule, verdict: Verdict) -> Severity:
    """The severity of such a value."""
    found = rule.rule.effective_severity
    for step in rule.rule.escalate:
        if step.value is None or verdict.value is None or not _is_worse(step.severity, found):
            continue
        if compare(verdict.value, rule.conditions.operator, step.value):
            found = step.severity
    return found


def _is_worse(one: Severity, other: Severity) -> bool:
    return SEVERITIES.index(one) > SEVERITIES.index(other)


def _keep(device: DeviceState, rule_id: str, watch: Watch) -> None:
    known = device.watches.get(rule_id)
    if watch == _NOTHING:
        if known is not None:
            device.watches = {key: it for key, it in device.watches.items() if key != rule_id}
    elif watch != known:
        device.watches = {**device.watches, rule_id: watch}
