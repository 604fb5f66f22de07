from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.windows.memory import MAX_REMEMBERED, Memory, forget, is_worth_forgetting, remember, timestamps

instants = st.integers(min_value=-(2**62), max_value=2**62)


def memory_of(given_timestamps: list[int]) -> Memory:
    memory = b""
    for ts in given_timestamps:
        memory = remember(memory, ts) or memory
    return memory


@given(st.lists(instants | st.integers(min_value=0, max_value=20)))
def test_a_timestamp_is_remembered_once_and_in_order(given_timestamps: list[int]) -> None:
    memory = memory_of(given_timestamps)
    assert list(timestamps(memory)) == sorted(set(given_timestamps))
    assert all(remember(memory, ts) is None for ts in given_timestamps)


@given(st.lists(st.integers(min_value=0, max_value=50), min_size=1), st.integers(min_value=-1, max_value=51))
def test_what_is_at_or_below_the_floor_is_dropped_and_nothing_else(given_timestamps: list[int], floor: int) -> None:
    memory, after, cost = forget(memory_of(given_timestamps), floor)
    assert list(timestamps(memory)) == sorted({ts for ts in given_timestamps if ts > floor})
    assert (after, cost) == (floor, 0)


def test_beyond_the_limit_the_oldest_go_and_raise_the_floor() -> None:
    memory = memory_of(list(range(MAX_REMEMBERED + 3)))
    assert is_worth_forgetting(memory, -1)
    kept, floor, cost = forget(memory, -1)
    assert timestamps(kept) == tuple(range(3, MAX_REMEMBERED + 3))
    assert (floor, cost) == (2, 3)


def test_a_short_memory_is_left_alone() -> None:
    assert not is_worth_forgetting(memory_of([1, 2, 3]), 2)
