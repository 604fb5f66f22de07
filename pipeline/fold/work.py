"""A step in the making: the copies of what the record touches, and what is to be said, in order."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field

from pipeline.alerts import Cause, Output
from pipeline.fold.marks import Mark
from pipeline.fold.registry import Registry
from pipeline.fold.state import BEFORE_ALL, DeviceState, State, Step
from pipeline.fold.tally import Tally


@dataclass(slots=True)
class Work:
    """One record being folded. The state it reads stays as it is."""

    state: State
    offset: int
    journal_time: int
    registry: Registry
    ticked: int
    last_tick: int | None
    devices: dict[str, DeviceState] = field(default_factory=dict)
    outputs: list[Output] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    told: list[str] = field(default_factory=list)
    """The rules whose alerts notified in this step, once for each alert."""

    @property
    def cause(self) -> Cause:
        """The record, as what makes a transition."""
        return Cause(self.state.topic, self.state.partition, self.offset)

    def is_included(self, device: DeviceState | None) -> bool:
        """Whether the device's state is newer than this record: it came from a snapshot cut off half-way."""
        return device is not None and device.offset >= self.offset

    def touch(self, device_id: str) -> DeviceState:
        """The device's copy that belongs to this step; a new device if it isn't known."""
        device = self.devices.get(device_id)
        if device is None:
            known = self.state.devices.get(device_id)
            if known is None:
                device = DeviceState(self.offset)
            else:
                device = copy(known)
                device.offset = self.offset
                device.series = known.series.copy()
            self.devices[device_id] = device
        return device

    def is_judged(self, device: DeviceState | None) -> bool:
        """Whether what the device sends is judged: it is defined and active, or nobody need define it."""
        if device is None or not device.version:
            return self.registry.policy.policy.auto_register
        return device.definition is not None and device.definition.active

    def time_of(self, device: DeviceState) -> Mark:
        """The device's own time as ticks let it pass since its last reading."""
        now = self.journal_time if device.now == BEFORE_ALL else device.now + self.ticked - device.now_ticked
        return Mark(now, self.ticked)

    def concerned(self, only_device: str | None) -> list[str]:
        """The ids of the known devices that do not include this record yet, sorted; just `only_device` if given."""
        known = self.state.devices
        candidates = known if only_device is None else (only_device,)
        return sorted(
            device_id
            for device_id in candidates
            if (device := known.get(device_id)) is not None and not self.is_included(device)
        )

    def finish(self) -> Step:
        """The step that this work amounts to."""
        changed = self.registry is not self.state.registry
        return Step(
            self.offset,
            self.journal_time,
            self.devices,
            self.registry if changed else None,
            tuple(self.outputs),
            self.tally,
            self.ticked,
            self.last_tick,
        )
