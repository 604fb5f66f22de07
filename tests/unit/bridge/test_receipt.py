"""Times of receipt."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.receipt import ReceiptClock


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 5)), max_size=50))
def test_each_devices_times_strictly_increase(receipts: list[tuple[str, int]]) -> None:
    clock = ReceiptClock()
    stamps: dict[str, list[int]] = {"a": [], "b": []}
    for device_id, received_at in receipts:
        stamped = clock.stamp(device_id, received_at)
        assert stamped >= received_at
        stamps[device_id].append(stamped)
    for times in stamps.values():
        assert times == sorted(set(times))


def test_only_the_most_recent_devices_are_remembered() -> None:
    clock = ReceiptClock(devices=2)
    for device_id in ("a", "b", "a", "c"):
        clock.stamp(device_id, 5)
    assert clock.stamp("b", 5) == 5
    assert clock.stamp("c", 5) == 6
