"""A step in the making: the copies of what the record touches, and what is to be said, in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pipeline.alerts import Cause, Output
from pipeline.fold.registry import Registry
from pipeline.fold.state import DeviceState, State, Step
from pipeline.fold.tally import Tally


@dataclass(slots=True)
class Work:
    """One record being folded. The state it reads stays as it is."""

    state: State
    offset: int
    journal_time: int
    registry: Registry
    devices: dict[str, DeviceState] = field(default_factory=dict)
    outputs: list[Output] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)

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
                device = DeviceState(
                    self.offset,
                    known.version,
                    known.definition,
                    known.series.copy(),
                    known.alerts,
                    known.suspended,
                )
            self.devices[device_id] = device
        return device

    def having_open(self, rule_id: str, only_device: str | None) -> Iterable[str]:
        """The ids of devices with an open alert of the rule, sorted; just `only_device` if the rule is for one."""
        known = self.state.devices
        candidates = known if only_device is None else (only_device,)
        return sorted(
            device_id
            for device_id in candidates
            if (device := known.get(device_id)) is not None
            and rule_id in device.alerts
            and not self.is_included(device)
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
        )
