"""What detection knows of one partition. `step` only reads it; `apply` is the one place that changes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Literal

from msgspec import Struct

from pipeline.alerts import Notify, Output
from pipeline.events import Device
from pipeline.fold.marks import NEVER, Mark
from pipeline.fold.registry import Registry
from pipeline.fold.tally import Tally
from pipeline.rules.base import Severity
from pipeline.rules.verdict import Heard, Verdict
from pipeline.topics import EVENTS
from pipeline.windows.series import Series

NOT_YET = -1
"""The position before the first record."""
BEFORE_ALL = -(2**63)


class OpenAlert(Struct, frozen=True, array_like=True, gc=False):
    """An alert, open or not; it keeps what its rule was called when it opened.

    `opened` is when its durations begin. `muted`: somebody would have been told of it, but for a silence.
    `acknowledged_at` is journal time.
    """

    alert_id: str
    sequence: int
    rule_version: int
    rule_name: str
    severity: Severity
    opened_at: int
    opened: Mark
    message: str
    notify: Notify = "yes"
    muted: bool = False
    acknowledged_at: int | None = None


class EndedAlert(Struct, frozen=True, array_like=True, gc=False):
    """An alert that has resolved or was closed, kept for people's words on it."""

    rule_id: str
    alert: OpenAlert
    status: Literal["resolved", "closed"]


class Watch(Struct, frozen=True, array_like=True):
    """What lies between a rule's condition and its transitions, for one device.

    `true_since` while the condition holds and no alert is open yet; `clear_since` while an open alert is clear;
    `cooling` since an alert's end; `closed` once closed by hand, until the condition no longer holds. `verdict` is the
    last one, judged at `judged_at`.
    """

    true_since: Mark | None = None
    clear_since: Mark | None = None
    cooling: Mark | None = None
    closed: bool = False
    verdict: Verdict | None = None
    judged_at: int = 0


class Told(Struct, frozen=True, array_like=True, gc=False):
    """An alert that notified: of which rule, in which record, at which place in it, at which journal time."""

    rule_id: str
    offset: int
    place: int
    journal_time: int


class DeviceState(Struct, array_like=True):
    """One device. `offset` is the highest journal offset that touched it; `version` that of its latest definition.

    A removed device has a version but no definition, so that an older definition that comes again changes nothing.
    `alerts`, `watches` and `suspended` (rule version at which a rule failed) are by rule id, `heard` is by the keys
    that rules wait for. `now` is the highest device time so far, `now_ticked` the ticks at that; `last_ts` and
    `last_ticked` are those of the last reading in order; `heard_ticked` the ticks at the last message. `behind_since`
    is the journal time since which all that came was too late. A tick looks at the device once ticks have added up to
    `due`. Its dicts are replaced, never changed.
    """

    offset: int = NOT_YET
    version: int = 0
    definition: Device | None = None
    series: dict[str, Series] = {}
    alerts: dict[str, OpenAlert] = {}
    suspended: dict[str, int] = {}
    watches: dict[str, Watch] = {}
    heard: dict[str, Heard] = {}
    ended: tuple[EndedAlert, ...] = ()
    told: tuple[Told, ...] = ()
    now: int = BEFORE_ALL
    now_ticked: int = 0
    last_ts: int = 0
    last_ticked: int = 0
    heard_ticked: int = 0
    status: str = "unknown"
    status_at: int = 0
    status_offset: int = NOT_YET
    behind_since: int | None = None
    is_behind: bool = False
    due: int = NEVER

    def wake(self, due: int) -> None:
        """Have a tick look at the device when ticks have added up to `due`, if none will before."""
        if due < self.due:
            self.due = due


@dataclass(slots=True)
class State:
    """One partition: the last folded offset, the highest record timestamp so far, and what came of them.

    `ticked` is how much time ticks have added up to, `last_tick` the journal time of the latest. `timers`, `muted` and
    `storms` follow from the devices: when ticks look at which; those with a muted alert; what notified, by rule.
    """

    partition: int
    topic: str = EVENTS.name
    position: int = NOT_YET
    journal_time: int = 0
    ticked: int = 0
    last_tick: int | None = None
    devices: dict[str, DeviceState] = field(default_factory=dict)
    registry: Registry = field(default_factory=Registry)
    timers: list[tuple[int, str]] = field(default_factory=list)
    muted: set[str] = field(default_factory=set)
    storms: dict[tuple[str, int], set[tuple[int, int, str]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """What one record makes of a state: the devices it changed, the registry if it changed, and what is to be said."""

    offset: int
    journal_time: int
    devices: dict[str, DeviceState]
    registry: Registry | None
    outputs: tuple[Output, ...]
    tally: Tally
    ticked: int
    last_tick: int | None


def new_state(partition: int) -> State:
    """The state before the first record."""
    return State(partition)


def apply(state: State, step: Step) -> None:
    """Make a step's results the state: only after its outputs are durable. Applying a step again changes nothing."""
    if step.offset <= state.position:
        return
    if step.ticked > state.ticked:
        while state.timers and state.timers[0][0] <= step.ticked:
            heappop(state.timers)
    for device_id, device in step.devices.items():
        before = state.devices.get(device_id)
        if device.due < NEVER and (before is None or before.due != device.due):
            heappush(state.timers, (device.due, device_id))
        _index(state, device_id, device, () if before is None else before.told)
    state.devices.update(step.devices)
    if step.registry is not None:
        state.registry = step.registry
    state.journal_time = step.journal_time
    state.position = step.offset
    state.ticked = step.ticked
    state.last_tick = step.last_tick


def index_devices(state: State) -> None:
    """Work out what follows from the devices; for a state put together from a snapshot."""
    state.timers = [(device.due, device_id) for device_id, device in state.devices.items() if device.due < NEVER]
    heapify(state.timers)
    for device_id, device in state.devices.items():
        _index(state, device_id, device, ())


def due_devices(state: State, ticked: int) -> list[str]:
    """The devices that a tick must look at, sorted."""
    found: set[str] = set()
    heap, places = state.timers, [0]
    while places:
        place = places.pop()
        if place < len(heap) and heap[place][0] <= ticked:
            found.add(heap[place][1])
            places += (2 * place + 1, 2 * place + 2)
    return sorted(found)


def _index(state: State, device_id: str, device: DeviceState, told_before: tuple[Told, ...]) -> None:
    if device.alerts and any(alert.muted for alert in device.alerts.values()):
        state.muted.add(device_id)
    elif state.muted:
        state.muted.discard(device_id)
    if device.told is not told_before:
        for told in told_before:
            place = (told.offset, told.place, device_id)
            minute = state.storms.get((told.rule_id, told.journal_time // 60_000))
            if minute is not None:
                minute.discard(place)
                if not minute:
                    del state.storms[told.rule_id, told.journal_time // 60_000]
        for told in device.told:
            minute = state.storms.setdefault((told.rule_id, told.journal_time // 60_000), set())
            minute.add((told.offset, told.place, device_id))
