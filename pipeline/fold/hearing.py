"""Waiting for keys: since when those that rules wait for have not come."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from pipeline.fold.moment import Moment, view_of
from pipeline.fold.plans import Awaited, DevicePlan
from pipeline.fold.state import BEFORE_ALL, DeviceState
from pipeline.fold.work import Work
from pipeline.rules.absence import ANY, elapsed
from pipeline.rules.verdict import Heard


def hear(work: Work, device: DeviceState, plan: DevicePlan, keys: Iterable[str], moment: Moment) -> None:
    """These keys came in order; of the others, this shows how long they have been silent."""
    fresh = Heard(moment.mark.now, work.ticked, work.journal_time)
    view = view_of(work, device, moment, with_status=False)
    heard = device.heard.copy()
    came = set(keys)
    for key, awaited in plan.awaited.items():
        if key == ANY or key in came or (awaited.is_own and key not in heard):
            heard[key] = fresh
            _wake(work, device, awaited)
        elif key in heard:
            silent = elapsed(view, key) or 0
            if silent > heard[key].silent:
                heard[key] = replace(heard[key], silent=silent)
    device.heard = heard


def wait_anew(work: Work, device_id: str) -> None:
    """Wait from now on for what the device's rules newly wait for, and no longer for what none does.

    A rule for many devices waits for a key only where it came before; a rule for this device waits at once.
    """
    known = work.devices.get(device_id) or work.state.devices.get(device_id)
    if known is None:
        return
    awaited = work.registry.plans.of_device(device_id, known.definition).awaited if work.is_judged(known) else {}
    missing = [
        key
        for key, it in awaited.items()
        if key not in known.heard and (it.is_own or key in known.series or (key == ANY and known.series))
    ]
    if not missing and known.heard.keys() <= awaited.keys():
        return
    device = work.touch(device_id)
    start = Heard(None if device.now == BEFORE_ALL else work.time_of(device).now, work.ticked, work.journal_time)
    kept = {key: it for key, it in device.heard.items() if key in awaited}
    device.heard = {**kept, **dict.fromkeys(missing, start)}
    for key in missing:
        _wake(work, device, awaited[key])


def _wake(work: Work, device: DeviceState, awaited: Awaited) -> None:
    device.wake(work.ticked + awaited.shortest_ms)
