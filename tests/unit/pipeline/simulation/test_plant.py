"""The simulated plant: deterministic, plausible, and never quiet for long in its demonstration."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.events import Scalar
from pipeline.identifiers import check_identifier
from pipeline.rules.model import parse_rule
from pipeline.simulation.demo import DEMO_DEVICES, DEMO_RULES, demo_plant, device_record
from pipeline.simulation.kinds import KINDS
from pipeline.simulation.noise import bell, uniform, wander
from pipeline.simulation.plant import Plant, active_fault, make_devices, read_device

INSTANTS = st.integers(1_300_000_000_000, 1_900_000_000_000)
PLANT = Plant(seed=7, devices=make_devices(12))


def snapshot(plant: Plant, at: int) -> list[dict[str, Scalar] | None]:
    return [read_device(plant, device, at) for device in plant.devices]


@given(INSTANTS)
def test_the_same_seed_and_instant_give_the_same_readings(at: int) -> None:
    assert snapshot(PLANT, at) == snapshot(Plant(seed=7, devices=make_devices(12)), at)


@given(INSTANTS)
def test_another_seed_or_another_instant_gives_other_readings(at: int) -> None:
    assert snapshot(PLANT, at) != snapshot(Plant(seed=8, devices=make_devices(12)), at)
    assert snapshot(PLANT, at) != snapshot(PLANT, at + 900_000)


@given(INSTANTS)
def test_values_stay_within_what_the_signal_can_show(at: int) -> None:
    for device in PLANT.devices:
        values = read_device(PLANT, device, at) or {}
        for key, signal in device.kind.signals.items():
            if key in values:
                assert signal.least <= float(values[key]) <= signal.most


def test_a_device_without_a_fault_stays_near_its_usual_values() -> None:
    plant = Plant(seed=3, devices=make_devices(5), fault_share=0.0)
    for device in plant.devices:
        for key, signal in device.kind.signals.items():
            values = [float((read_device(plant, device, at) or {})[key]) for at in range(0, 86_400_000, 600_000)]
            assert abs(statistics.mean(values) - signal.usual) < signal.daily + signal.drift + signal.noise


def test_ids_are_valid_and_distinct() -> None:
    ids = [check_identifier(device.device_id, "device_id") for device in make_devices(1000)]
    assert len(set(ids)) == 1000


def test_every_fault_of_every_kind_comes_sooner_or_later() -> None:
    seen = {
        (device.kind.name, active.fault.name)
        for device in make_devices(20)
        for at in range(0, 40 * 900_000, 60_000)
        if (active := active_fault(PLANT, device, at)) is not None
    }
    assert seen == {(kind.name, fault.name) for kind in KINDS for fault in kind.faults}


def test_a_stuck_sensor_repeats_itself_and_a_lost_connection_is_silent() -> None:
    stuck = silent = 0
    for device in PLANT.devices:
        for at in range(0, 20 * 900_000, 30_000):
            active = active_fault(PLANT, device, at)
            if active is None:
                continue
            if active.fault.stuck:
                stuck += 1
                assert read_device(PLANT, device, at) == read_device(PLANT, device, active.since)
            if active.fault.silent:
                silent += 1
                assert read_device(PLANT, device, at) is None
    assert stuck > 10
    assert silent > 10


def test_the_demonstration_is_made_of_valid_rules_and_devices() -> None:
    ids = {device.device_id for device in DEMO_DEVICES}
    for rule in DEMO_RULES:
        assert parse_rule(rule).device_id in ids  # it must not judge anybody else's devices
    for device in DEMO_DEVICES:
        record = device_record(device)
        assert check_identifier(record.device_id, "device_id").startswith("demo-")
        assert set(record.metadata["keys"]) == set(device.kind.signals)


@given(INSTANTS)
def test_the_demonstration_breaks_a_rule_within_a_minute_and_not_at_once(start: int) -> None:
    plant = demo_plant(start)
    pump = plant.devices[0]
    vibration = [(read_device(plant, pump, at) or {}).get("vibration", 0) for at in range(start, start + 60_000, 1000)]
    assert float(vibration[0]) < 7.1
    assert max(map(float, vibration)) > 7.1


@pytest.mark.parametrize("sample", [uniform, bell])
def test_noise_has_the_mean_and_spread_it_says(sample: object) -> None:
    values = [sample(n, 5) for n in range(4000)]  # type: ignore[operator]
    expected_mean, expected_spread = (0.5, 12**-0.5) if sample is uniform else (0.0, 1.0)
    assert abs(statistics.mean(values) - expected_mean) < 0.05
    assert abs(statistics.stdev(values) - expected_spread) < 0.05


@given(st.floats(-1e6, 1e6))
def test_drift_is_smooth(at: float) -> None:
    assert abs(wander(at, 1) - wander(at + 1e-4, 1)) < 1e-3
