"""Live values are thinned out, and the newest of each key survives."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from api.updates import Pending, merge_telemetry, telemetry_document
from sinks.redis.updates import TelemetryUpdate

UPDATES = st.lists(
    st.builds(
        TelemetryUpdate,
        st.sampled_from(["a", "b", "c"]),
        st.integers(0, 10**12),
        st.dictionaries(st.sampled_from("xyz"), st.integers(), min_size=1),
    )
)


@given(UPDATES)
def test_of_each_device_and_key_the_last_value_is_emitted_once(updates: list[TelemetryUpdate]) -> None:
    pending: Pending[TelemetryUpdate] = Pending(merge_telemetry)
    latest: dict[str, dict[str, Any]] = {}
    for update in updates:
        pending.put(update.device_id, update)
        latest.setdefault(update.device_id, {}).update(update.values)
    taken = pending.take()
    assert {update.device_id: update.values for update in taken} == latest
    assert pending.take() == []


@given(st.lists(st.integers(0, 50)), st.integers(1, 10))
def test_memory_is_bounded_whatever_comes(ids: list[int], most: int) -> None:
    pending: Pending[int] = Pending(lambda _, newer: newer, most)
    for number in ids:
        pending.put(str(number), number)
    assert len(pending.take(1000)) <= most


def test_the_document_carries_a_time_with_its_zone() -> None:
    assert telemetry_document(TelemetryUpdate("pump-1", 1_761_592_485_000, {"flow": 4})) == {
        "device_id": "pump-1",
        "timestamp": "2025-10-27T19:14:45Z",
        "values": {"flow": 4},
    }
