from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.events import Scalar
from pipeline.rules.model import Aggregate
from pipeline.windows.aggregates import aggregate
from pipeline.windows.memory import MAX_REMEMBERED
from pipeline.windows.ring import held, span_of
from pipeline.windows.series import Last, Series, ring_of, take
from tests.support.naive_windows import naive_aggregate, readings_in_window

START = 1_700_000_000_000
LATENESS = 60_000
AGGREGATES: tuple[Aggregate, ...] = ("avg", "min", "max", "stddev", "sum", "count", "range")


@dataclass
class Naive:
    """The rules of order and lateness as they are written, on a list of everything."""

    newest: int | None = None
    accepted: dict[int, float] = field(default_factory=dict)

    def take(self, ts: int, value: float, journal_time: int) -> str:
        if self.newest is not None and ts < self.newest - LATENESS:
            return "too_late"
        if ts in self.accepted:
            return "duplicate"
        self.accepted[ts] = value
        late = self.newest is not None and ts < self.newest
        reached = min(ts, journal_time)
        self.newest = reached if self.newest is None else max(self.newest, reached)
        return "late" if late else "applied"


arrivals = st.lists(
    st.tuples(
        st.sampled_from((0, 0, 1, 999, 1_000, 1_001, 5_000, 31_000, 130_000)),  # the journal's clock moves on by
        st.sampled_from(
            (0, 0, 0, -1, -500, -1_000, -1_500, -30_000, -59_000, -60_000, -60_001, -70_000, 1, 4_000, 20_000)
        ),
        st.sampled_from((0.0, 0.25, 3.0, -7.5, 1e6)),
    ),
    max_size=60,
)
windows = st.lists(
    st.integers(min_value=1, max_value=130) | st.sampled_from((60, 61, 3_600)), min_size=1, max_size=3, unique=True
)


@settings(max_examples=300)
@given(arrivals, windows, st.integers(min_value=0, max_value=999))
def test_fates_and_windows_are_those_of_the_definition(
    given_arrivals: list[tuple[int, int, float]], window_lengths: list[int], phase: int
) -> None:
    series: Series | None = None
    naive = Naive()
    spans = tuple(sorted({span_of(seconds * 1000) for seconds in window_lengths}))
    journal_time = START + phase
    for number, (passed, off, value) in enumerate(given_arrivals):
        journal_time += passed
        ts = journal_time + off
        series, fate, forgotten = take(series, Last(ts, value, number, 0), journal_time, LATENESS, spans)
        assert fate == naive.take(ts, value, journal_time)
        assert forgotten == 0
        if fate != "applied":
            continue
        assert series.newest == naive.newest
        for seconds in window_lengths:
            ring = ring_of(series, span_of(seconds * 1000))
            assert ring is not None
            buckets = held(ring, seconds * 1000, ts)
            inside = readings_in_window(list(naive.accepted.items()), seconds, ts)
            assert sum(bucket[1] for bucket in buckets) == len(inside)
            for name in AGGREGATES:
                found = aggregate(name, buckets, 2 if name == "stddev" else 1)
                expected = naive_aggregate(name, inside, 1)
                if expected is None:
                    assert found is None
                else:
                    assert found is not None
                    assert found[1] == pytest.approx(expected, rel=1e-12, abs=1e-9)


def fill(
    readings: list[tuple[int, Scalar]], journal_time: int, spans: tuple[int, ...] = ()
) -> tuple[Series, list[str], int]:
    series: Series | None = None
    fates: list[str] = []
    total = 0
    for number, (ts, value) in enumerate(readings):
        series, fate, forgotten = take(series, Last(ts, value, number, 0), journal_time, LATENESS, spans)
        fates.append(fate)
        total += forgotten
    assert series is not None
    return series, fates, total


def test_nothing_counts_twice_although_timestamps_had_to_be_forgotten() -> None:
    readings: list[tuple[int, Scalar]] = [(START + number, 1.0) for number in range(MAX_REMEMBERED + 200)]
    series, fates, forgotten = fill(readings * 2, START + 10_000, (60_000,))
    assert fates[: len(readings)] == ["applied"] * len(readings)
    assert set(fates[len(readings) :]) == {"too_late", "duplicate"}
    assert forgotten == 200
    ring = ring_of(series, 60_000)
    assert ring is not None
    assert sum(bucket[1] for bucket in held(ring, 60_000, START + 10_000)) == len(readings)


def test_what_was_beyond_the_lateness_once_stays_so_when_more_lateness_is_allowed() -> None:
    series, _, _ = fill([(START, 1.0), (START + 100_000, 1.0)], START + 100_000)
    for ts in (START, START + 39_999):
        assert take(series, Last(ts, 2.0, 9, 0), START + 100_000, 3_600_000, ())[1] == "too_late"
    assert take(series, Last(START + 40_000, 2.0, 9, 0), START + 100_000, 3_600_000, ())[1] == "late"


def test_a_clock_that_ran_ahead_does_not_blind_the_series_once_it_is_corrected() -> None:
    _, fates, _ = fill([(START + 240_000, 1.0), (START + 1, 2.0)], START)
    assert fates == ["applied", "applied"]


def test_a_late_reading_does_not_become_the_last_one() -> None:
    series, fates, _ = fill([(START, 1.0), (START - 5, 2.0)], START)
    assert fates == ["applied", "late"]
    assert series.last == Last(START, 1.0, 0, 0)


def test_text_and_booleans_are_kept_but_enter_no_window() -> None:
    series, fates, _ = fill([(START, "open"), (START + 1, True), (START + 2, 3)], START + 9, (60_000,))
    ring = ring_of(series, 60_000)
    assert ring is not None
    assert fates == ["applied"] * 3
    assert [bucket[1] for bucket in held(ring, 60_000, START + 2)] == [1]


def test_a_ring_exists_only_while_it_is_needed() -> None:
    series, _, _ = fill([(START, 1.0)], START, (60_000, 90_000))
    assert [ring.span for ring in series.rings] == [60_000, 90_000]
    series, _, _ = take(series, Last(START + 1, 1.0, 1, 0), START + 1, LATENESS, (90_000, 120_000))
    assert [ring.span for ring in series.rings] == [90_000, 120_000]
    assert [sum(bucket[1] for bucket in held(ring, ring.span, START + 1)) for ring in series.rings] == [2, 1]
    series, _, _ = take(series, Last(START + 2, 1.0, 1, 0), START + 2, LATENESS, ())
    assert series.rings == ()
