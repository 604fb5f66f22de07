"""Folding a frame: each entry's values enter their series together, then each rule they concern is judged once."""

from __future__ import annotations

from pipeline.alerts import RuleSuspended
from pipeline.events import Reading, Readings
from pipeline.fold.plans import ActiveRule, Plan
from pipeline.fold.state import DeviceState
from pipeline.fold.transitions import clear_alert, raise_alert
from pipeline.fold.work import Work
from pipeline.windows.series import Last, take

_NO_SPANS: tuple[int, ...] = ()
_LONGEST_ERROR = 200


def fold_readings(work: Work, event: Readings) -> None:
    """Fold the entries in their order; an entry of a device that may not be judged is counted as ignored."""
    plans = work.registry.plans
    general = plans.general()
    for index, entry in enumerate(event.entries):
        device = work.devices.get(entry[0])
        if device is None:
            device = _admit(work, entry)
            if device is None:
                continue
        for rule in _take_values(work, device, entry, index, plans.own(entry[0]), general):
            _judge(work, device, rule, entry, index)


def _admit(work: Work, entry: Reading) -> DeviceState | None:
    known = work.state.devices.get(entry[0])
    if known is not None and known.offset >= work.offset:
        return None
    if not _is_accepted(known, work.registry.policy.policy.auto_register):
        work.tally.ignored += len(entry[2])
        return None
    return work.touch(entry[0])


def _is_accepted(device: DeviceState | None, auto_register: bool) -> bool:
    if device is None or not device.version:
        return auto_register
    return device.definition is not None and device.definition.active


def _take_values(
    work: Work, device: DeviceState, entry: Reading, index: int, own: Plan | None, general: Plan
) -> tuple[ActiveRule, ...]:
    """Put each value into its series; returns the rules that its in-order ones concern, by id."""
    _, ts, values = entry
    offset, journal_time, tally = work.offset, work.journal_time, work.tally
    lateness = work.registry.policy.policy.lateness_ms
    all_series = device.series
    due: tuple[ActiveRule, ...] = ()
    merged = False
    for key, value in values.items():
        plan = own.get(key) if own is not None else None
        if plan is None:
            plan = general.get(key)
        spans = plan.spans if plan is not None else _NO_SPANS
        series, fate, forgotten = take(
            all_series.get(key), Last(ts, value, offset, index), journal_time, lateness, spans
        )
        if forgotten:
            tally.forgotten += forgotten
        if fate == "applied":
            tally.applied += 1
            all_series[key] = series
            if plan is not None and plan.rules:
                merged = bool(due)
                due = due + plan.rules if due else plan.rules
        elif fate == "late":
            tally.late += 1
            all_series[key] = series
        elif fate == "duplicate":
            tally.duplicate += 1
        else:
            tally.too_late += 1
    if merged:
        by_id = {rule.rule_id: rule for rule in due}
        return tuple([by_id[rule_id] for rule_id in sorted(by_id)])
    return due


def _judge(work: Work, device: DeviceState, rule: ActiveRule, entry: Reading, index: int) -> None:
    rule_id, version = rule.rule_id, rule.version
    if device.suspended and device.suspended.get(rule_id, 0) >= version:
        return
    try:
        verdict = rule.kind.judge(rule.conditions, device.series, entry.ts)
        if verdict is None:
            return
        if verdict.holds:
            if rule_id not in device.alerts:
                raise_alert(work, device, rule, entry, index, verdict)
        elif rule_id in device.alerts:
            clear_alert(work, device, rule, entry, verdict)
    except Exception as error:  # whatever a rule's judgement raises must not stop the other rules
        device.suspended = {**device.suspended, rule_id: version}
        said = f"{type(error).__name__}: {error}"[:_LONGEST_ERROR]
        work.outputs.append(RuleSuspended(rule_id, version, entry.device_id, said, entry.ts, work.cause))
