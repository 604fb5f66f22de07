"""The newest value per key, whatever the order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sinks.postgres.projection.latest import Latest

readings = st.lists(
    st.tuples(st.integers(0, 5), st.dictionaries(st.sampled_from("abc"), st.integers(0, 9), max_size=3)), min_size=1
)


@given(readings)
def test_of_each_key_the_highest_time_counts_and_of_equal_times_the_first(
    given_readings: list[tuple[int, dict[str, int]]],
) -> None:
    newest: dict[str, tuple[int, int]] = {}
    for ts, values in given_readings:
        for key, value in values.items():
            if key not in newest or ts > newest[key][0]:
                newest[key] = (ts, value)
    latest = Latest(*given_readings[0])
    for ts, values in given_readings[1:]:
        latest.add(ts, values)
    assert {key: (latest.stamps[key], value) for key, value in latest.values.items()} == newest
    assert latest.ts == max(ts for ts, _ in given_readings)
