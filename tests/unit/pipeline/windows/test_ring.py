from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.windows.ring import MAX_AHEAD, Ring, held, put, span_of, window_start
from tests.support.naive_windows import readings_in_window

START = 1_700_000_000_000
windows = st.integers(min_value=1, max_value=400) | st.sampled_from((3_600, 86_400, 2_678_400, 61, 3_599))


def count(ring: Ring, window_seconds: int, ts: int) -> int:
    return sum(bucket[1] for bucket in held(ring, window_seconds * 1000, ts))


@given(windows, st.integers(min_value=-(10**12), max_value=2 * 10**12))
def test_a_whole_millisecond_is_in_a_window_if_it_is_above_its_start(window_seconds: int, ts: int) -> None:
    start = window_start(window_seconds * 1000, ts)
    assert readings_in_window([(start, 1.0)], window_seconds, ts) == []
    if start < ts:  # on a boundary, a window of one step is empty
        assert readings_in_window([(start + 1, 1.0)], window_seconds, ts) == [1.0]


@pytest.mark.parametrize("window_seconds", [1, 2, 59, 60, 61, 90, 600, 3_601])
def test_a_window_opens_and_closes_to_the_millisecond(window_seconds: int) -> None:
    span = span_of(window_seconds * 1000)
    for ts in range(START, START + 3_000, 7):
        start = window_start(window_seconds * 1000, ts)
        instants = sorted({start, min(start + 1, ts), ts})
        ring = Ring(span)
        for then in instants:
            ring = put(ring, then, 1.0, then)
        assert count(ring, window_seconds, ts) == sum(then > start for then in instants)


def test_a_step_slides_only_when_a_boundary_is_reached() -> None:
    ring = put(Ring(60_000), START + 1, 1.0, START + 1)
    assert count(ring, 60, START + 59_999) == 1
    assert count(ring, 60, START + 60_000) == 0


def test_buckets_that_no_later_window_can_hold_are_dropped() -> None:
    ring = Ring(60_000)
    for second in range(1_000):
        ring = put(ring, START + second * 1_000, 1.0, START + second * 1_000)
    assert sum(len(block[1]) for block in ring.blocks) <= 60 + 8
    assert count(ring, 60, START + 999_000) == 59
    assert count(ring, 60, START + 999_001) == 59


def test_a_reading_ahead_of_the_clock_counts_from_its_own_time_on() -> None:
    ring = put(Ring(60_000), START, 1.0, START)
    ring = put(ring, START + 30_000, 1.0, START)
    assert count(ring, 60, START) == 1
    assert count(ring, 60, START + 29_999) == 1
    assert count(ring, 60, START + 30_000) == 2


def test_readings_ahead_that_are_too_many_enter_early_and_none_is_lost() -> None:
    ring = Ring(3_600_000)
    for number in range(MAX_AHEAD + 88):
        ring = put(ring, START + 1_000 + number, 1.0, START)
    assert len(ring.ahead) == MAX_AHEAD
    assert count(ring, 3_600, START + 10_000) == MAX_AHEAD + 88
    ring = put(ring, START + 10_001, 1.0, START + 10_001)
    assert ring.ahead == ()
    assert count(ring, 3_600, START + 10_001) == MAX_AHEAD + 89
