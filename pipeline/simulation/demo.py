"""The small plant that a first start shows: eight devices, and rules that a fault breaks within its first minute."""

from __future__ import annotations

from itertools import count
from typing import Any

from pipeline.events import Device
from pipeline.simulation.plant import Plant, SimulatedDevice, active_fault, make_devices

DEMO_PREFIX = "demo-"
DEMO_DEVICES = make_devices(8, DEMO_PREFIX)
_FIRST_SEED = 2025
_FAULT_AFTER_MS = 40_000

DEMO_RULES: tuple[dict[str, Any], ...] = (
    {
        "rule_id": "demo-high-vibration",
        "name": "Demo: vibration too high",
        "device_id": "demo-pump-01",
        "rule_type": "threshold",
        "conditions": {"key": "vibration", "operator": ">", "value": 7.1},
        "severity": "critical",
        "response": "Stop the machine and look at its bearings and mounting.",
    },
    {
        "rule_id": "demo-oven-too-hot",
        "name": "Demo: oven too hot",
        "device_id": "demo-oven-01",
        "rule_type": "threshold",
        "conditions": {"key": "temperature", "operator": ">", "value": 250},
        "severity": "critical",
        "response": "Cut the heater's supply.",
    },
    {
        "rule_id": "demo-tank-level-low",
        "name": "Demo: tank level low on average",
        "device_id": "demo-tank-01",
        "rule_type": "statistical",
        "conditions": {
            "key": "level",
            "aggregate": "avg",
            "window_seconds": 10,
            "operator": "<",
            "value": 35,
            "min_samples": 3,
        },
        "severity": "warning",
    },
    {
        "rule_id": "demo-compressor-runs-away-from-coolant",
        "name": "Demo: compressor much hotter than its coolant",
        "device_id": "demo-compressor-01",
        "rule_type": "comparison",
        "conditions": {
            "key": "temperature",
            "operator": ">",
            "other_key": "coolant_temperature",
            "offset": 40,
        },
        "severity": "warning",
    },
)


def demo_plant(start: int) -> Plant:
    """The plant for a demonstration from this instant on: of all seeds, the first whose pump breaks down soon."""
    pump = DEMO_DEVICES[0]
    for seed in count(_FIRST_SEED):
        plant = Plant(seed, DEMO_DEVICES, fault_slot_ms=240_000, fault_share=0.6)
        soon = active_fault(plant, pump, start + _FAULT_AFTER_MS)
        comes = soon is not None and soon.fault.name == "bearing wear" and soon.strength == 1.0
        if comes and active_fault(plant, pump, start) is None:
            return plant
    raise AssertionError("there are infinitely many seeds")


def device_record(device: SimulatedDevice) -> Device:
    """The device as it is registered, with a unit for each of its keys."""
    units = {key: {"unit": signal.unit} for key, signal in device.kind.signals.items()}
    return Device(
        device_id=device.device_id,
        name=f"{device.name} (demo)",
        device_type=device.kind.name,
        location=device.location,
        metadata={"keys": units},
    )
