"""Folding a frame: each entry's values enter their series together, then each rule they concern is judged once."""

from __future__ import annotations

from pipeline.events import Reading, Readings
from pipeline.fold.hearing import hear
from pipeline.fold.judging import judge_gap, judge_rules
from pipeline.fold.marks import Mark
from pipeline.fold.moment import Moment
from pipeline.fold.plans import ActiveRule, DevicePlan
from pipeline.fold.presence import ONLINE, hear_of, watch_clock
from pipeline.fold.state import DeviceState
from pipeline.fold.work import Work
from pipeline.rules.absence import ANY
from pipeline.rules.base import STATUS_KEY
from pipeline.windows.series import Last, take

_NO_SPANS: tuple[int, ...] = ()


def fold_readings(work: Work, event: Readings) -> None:
    """Fold the entries in their order; an entry of a device that may not be judged is counted as ignored."""
    plans = work.registry.plans
    for index, entry in enumerate(event.entries):
        device = work.devices.get(entry[0])
        if device is None:
            device = _admit(work, entry)
            if device is None:
                continue
        plan = plans.of_device(entry[0], device.definition)
        ts = entry[1]
        now = ts if ts < work.journal_time else work.journal_time
        moment = Moment(entry[0], ts, ts, Mark(now, work.ticked), index)
        late_before = work.tally.late
        due, came, is_too_late = _take_values(work, device, entry, index, plan)
        if device.heard_ticked != work.ticked or device.status != ONLINE:
            hear_of(work, device, moment)
        if is_too_late or device.behind_since is not None:
            watch_clock(work, device, moment, all_too_late=is_too_late)
        if plan.timed and (work.tally.late != late_before or (came and _is_another_minute(work, device, ts))):
            device.wake(work.ticked + 1)  # a tick judges anew by the windows and the clock as they are now
        if not came:
            continue
        if now >= device.now:
            device.now, device.now_ticked = now, work.ticked
        device.last_ts, device.last_ticked = ts, work.ticked
        if plan.awaited:
            judge_gap(work, device, plan, due, moment)
            hear(work, device, plan, came, moment)
        if due:
            judge_rules(work, device, plan, due, moment)


def _is_another_minute(work: Work, device: DeviceState, ts: int) -> bool:
    """Whether the device's clock shows another minute than ticks alone have moved it to."""
    return ts // 60_000 != (device.last_ts + work.ticked - device.last_ticked) // 60_000


def _admit(work: Work, entry: Reading) -> DeviceState | None:
    known = work.state.devices.get(entry[0])
    if known is not None and known.offset >= work.offset:
        return None
    if not work.is_judged(known):
        work.tally.ignored += len(entry[2])
        return None
    return work.touch(entry[0])


def _take_values(
    work: Work, device: DeviceState, entry: Reading, index: int, plan: DevicePlan
) -> tuple[tuple[ActiveRule, ...], list[str], bool]:
    """Put each value into its series; returns the rules that its in-order ones concern, by id, the keys of these, and
    whether all that came was too late."""
    _, ts, values = entry
    offset, journal_time, tally = work.offset, work.journal_time, work.tally
    lateness = work.registry.policy.policy.lateness_ms
    all_series = device.series
    own, general = plan.own, plan.general
    due: tuple[ActiveRule, ...] = ()
    came: list[str] = []
    merged = False
    too_late = 0
    for key, value in values.items():
        if key == STATUS_KEY:
            tally.ignored += 1  # it is the platform's own word on the device
            continue
        asked = (own.get(key) if own else None) or general.get(key)
        spans = asked.spans if asked is not None else _NO_SPANS
        series, fate, forgotten = take(
            all_series.get(key), Last(ts, value, offset, index), journal_time, lateness, spans
        )
        if forgotten:
            tally.forgotten += forgotten
        if fate == "applied":
            tally.applied += 1
            all_series[key] = series
            came.append(key)
            if asked is not None and asked.rules:
                merged = merged or bool(due)
                due = due + asked.rules if due else asked.rules
        elif fate == "late":
            tally.late += 1
            all_series[key] = series
        elif fate == "duplicate":
            tally.duplicate += 1
        else:
            tally.too_late += 1
            too_late += 1
    if came:
        always = (own.get(ANY) if own else None) or general.get(ANY)
        if always is not None:
            merged = merged or bool(due)
            due = due + always.rules
    if merged:
        by_id = {rule.rule_id: rule for rule in due}
        due = tuple([by_id[rule_id] for rule_id in sorted(by_id)])
    return due, came, bool(too_late) and too_late == len(values)
