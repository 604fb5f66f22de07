"""The simulated plant: which devices there are, and what each reads at an instant.

Time is cut into slots, differently for each device; in a slot at most one fault comes, grows to its height, stays
and goes. Which one, when and for how long follows from the seed, the device and the slot's number alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.events import Scalar
from pipeline.simulation.kinds import KINDS, Fault, Kind
from pipeline.simulation.noise import bell, mix, uniform, wander

_DAY_MS = 86_400_000
_DRIFT_MS = 20 * 60_000
_HALLS = ("Hall A", "Hall B", "Utility building", "Tank farm")
_SCHEDULE, _CHOICE, _SIGNAL = 1, 2, 3


@dataclass(frozen=True, slots=True)
class SimulatedDevice:
    """One device; `number` tells it from its siblings in everything that looks random."""

    device_id: str
    name: str
    kind: Kind
    location: str
    number: int


@dataclass(frozen=True, slots=True)
class Plant:
    """Devices that share a seed; `fault_slot_ms` is the length of a slot, `fault_share` how many slots hold a fault."""

    seed: int
    devices: tuple[SimulatedDevice, ...]
    fault_slot_ms: int = 900_000
    fault_share: float = 0.5


@dataclass(frozen=True, slots=True)
class ActiveFault:
    """A fault that is on: since when, and how far it has grown (0 to 1)."""

    fault: Fault
    since: int
    strength: float


def make_devices(count: int, prefix: str = "") -> tuple[SimulatedDevice, ...]:
    """`count` devices of all kinds in turn: pump-01, compressor-01, …; ids start with `prefix`."""
    made = []
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        which = number // len(KINDS) + 1
        made.append(
            SimulatedDevice(
                device_id=f"{prefix}{kind.name}-{which:02d}",
                name=f"{kind.name.capitalize()} {which}",
                kind=kind,
                location=_HALLS[mix(number) % len(_HALLS)],
                number=number,
            )
        )
    return tuple(made)


def read_device(plant: Plant, device: SimulatedDevice, at: int) -> dict[str, Scalar] | None:
    """What the device reads at an instant (ms since the epoch); None while it has no connection."""
    active = active_fault(plant, device, at)
    if active is None:
        return _measure(plant, device, at, {}, 0.0, None)
    fault = active.fault
    if fault.silent:
        return None
    if fault.stuck:
        return _measure(plant, device, active.since, {}, 0.0, None)
    return _measure(plant, device, at, fault.pushes, active.strength, fault)


def active_fault(plant: Plant, device: SimulatedDevice, at: int) -> ActiveFault | None:
    """The fault that is on at an instant, if any."""
    identity = (plant.seed, device.number)
    shifted = at + mix(_SCHEDULE, *identity) % plant.fault_slot_ms
    slot, within = divmod(shifted, plant.fault_slot_ms)
    if uniform(_CHOICE, slot, *identity) >= plant.fault_share:
        return None
    length = plant.fault_slot_ms * (0.25 + 0.2 * uniform(_CHOICE + 10, slot, *identity))
    start = (plant.fault_slot_ms - length) * uniform(_CHOICE + 20, slot, *identity)
    if not start <= within < start + length:
        return None
    faults = device.kind.faults
    chosen = faults[mix(_CHOICE + 30, slot, *identity) % len(faults)]
    progress = (within - start) / length
    strength = min(1.0, progress / 0.3, (1.0 - progress) / 0.15)
    return ActiveFault(chosen, at - round(within - start), strength)


def _measure(
    plant: Plant,
    device: SimulatedDevice,
    at: int,
    pushes: Mapping[str, float],
    strength: float,
    fault: Fault | None,
) -> dict[str, Scalar]:
    values: dict[str, Scalar] = {}
    # The warmest time of the day is in the afternoon.
    daily = -math.cos((at % _DAY_MS / _DAY_MS - 0.08) * 2 * math.pi)
    for index, (key, signal) in enumerate(device.kind.signals.items()):
        identity = (_SIGNAL + index * 16, plant.seed, device.number)
        value = (
            signal.usual
            + signal.daily * daily
            + signal.drift * wander(at / _DRIFT_MS, *identity)
            + signal.noise * bell(at, *identity)
            + pushes.get(key, 0.0) * strength
        )
        values[key] = round(min(signal.most, max(signal.least, value)), signal.decimals)
    values["state"] = fault.state if fault is not None and fault.state is not None else "running"
    if device.kind.has_door:
        values["door_open"] = fault is not None and fault.door_open
    return values
