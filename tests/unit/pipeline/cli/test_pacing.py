"""A recording shifted to now never comes from the future."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.cli.pacing import Pace, shift_to_now

INSTANTS = st.integers(0, 4_000_000_000_000)
SPEEDS = st.none() | st.floats(0.01, 10_000)


@given(st.lists(INSTANTS, min_size=1, max_size=20), INSTANTS, SPEEDS)
def test_no_reading_is_ahead_of_its_sending(times: list[int], now: int, speed: float | None) -> None:
    shift = shift_to_now(min(times), max(times), now, speed)
    pace = Pace(speed, min(times), shift)
    for ts in times:
        sent_at = now + pace.due_after(ts) * 1000
        assert ts + shift <= sent_at + 1


@given(st.lists(INSTANTS, min_size=1, max_size=20), INSTANTS, st.none() | st.floats(1, 10_000))
def test_a_replay_not_slower_than_life_ends_at_the_clock(times: list[int], now: int, speed: float | None) -> None:
    shift = shift_to_now(min(times), max(times), now, speed)
    ends_at = now + Pace(speed, min(times)).due_after(max(times)) * 1000
    assert abs(max(times) + shift - ends_at) <= 1
