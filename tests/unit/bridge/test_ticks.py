"""When a marker is sent and when it counts."""

from __future__ import annotations

from itertools import count, pairwise

from hypothesis import given
from hypothesis import strategies as st

from bridge.ticks import MarkerSchedule


def _schedule(interval: float = 1.0) -> MarkerSchedule:
    numbers = count()
    return MarkerSchedule(interval, lambda: str(next(numbers)).encode())


def test_one_marker_is_under_way_at_a_time() -> None:
    schedule = _schedule()
    assert schedule.due(0, 1) == b"0"
    assert schedule.due(100, 1) is None


def test_the_next_marker_is_due_an_interval_after_the_tick() -> None:
    schedule = _schedule()
    assert schedule.due(0, 1) == b"0"
    assert schedule.came_back(1, b"0")
    schedule.ticked(5)
    assert schedule.due(5.9, 1) is None
    assert schedule.due(6, 1) == b"1"


def test_none_is_sent_without_a_connection() -> None:
    assert _schedule().due(0, None) is None


def test_a_marker_lost_with_its_connection_is_replaced() -> None:
    schedule = _schedule()
    assert schedule.due(0, 1) == b"0"
    assert schedule.due(1, None) is None
    assert schedule.due(2, 3) == b"1"
    assert not schedule.came_back(3, b"0")
    assert schedule.came_back(3, b"1")


def test_a_marker_of_an_earlier_process_or_connection_does_not_count() -> None:
    schedule = _schedule()
    schedule.due(0, 2)
    assert not schedule.came_back(1, b"0")
    assert not schedule.came_back(2, b"other")


@given(st.lists(st.tuples(st.floats(0, 3), st.sampled_from(["send", "back", "cut"])), max_size=60))
def test_ticks_never_come_faster_than_one_an_interval(steps: list[tuple[float, str]]) -> None:
    schedule = _schedule()
    now = 0.0
    epoch = 1
    sent: bytes | None = None
    ticks: list[float] = []
    for elapsed, what in steps:
        now += elapsed
        if what == "send":
            sent = schedule.due(now, epoch) or sent
        elif what == "cut":
            epoch += 1
            schedule.due(now, None)
        elif sent is not None and schedule.came_back(epoch, sent):
            schedule.ticked(now)
            ticks.append(now)
    assert all(later - earlier >= 1 - 1e-9 for earlier, later in pairwise(ticks))
