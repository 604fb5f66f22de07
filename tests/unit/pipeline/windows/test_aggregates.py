from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rules.model import Aggregate
from pipeline.windows.aggregates import aggregate
from pipeline.windows.ring import Ring, held, put
from tests.support.naive_windows import naive_aggregate

START = 1_700_000_000_000
ALL: tuple[Aggregate, ...] = ("avg", "min", "max", "stddev", "sum", "count", "range")
floats = st.floats(min_value=-1e9, max_value=1e9)


def ring_of(values: list[float]) -> Ring:
    ring = Ring(60_000)
    for number, value in enumerate(values):
        ring = put(ring, START + number * 300, value, START + number * 300)
    return ring


@pytest.mark.parametrize("name", ALL)
@given(values=st.lists(floats, min_size=2, max_size=60))
def test_an_aggregate_is_what_exact_arithmetic_gives(name: Aggregate, values: list[float]) -> None:
    found = aggregate(name, held(ring_of(values), 60_000, START + len(values) * 300), 1)
    assert found is not None
    samples, value = found
    expected = naive_aggregate(name, values, 1)
    scale = max(map(abs, values))
    assert samples == len(values)
    assert value == pytest.approx(expected, rel=1e-12, abs=1e-13 * scale)


@pytest.mark.parametrize("name", ["avg", "sum", "stddev"])
def test_readings_near_a_billion_that_differ_by_thousandths_keep_their_digits(name: Aggregate) -> None:
    rng = random.Random(5)
    values = [1e9 + rng.gauss(0.0, 1e-3) for _ in range(190)]
    found = aggregate(name, held(ring_of(values), 60_000, START + 189 * 300), 1)
    assert found is not None
    assert found[1] == pytest.approx(naive_aggregate(name, values, 1), rel=1e-13 if name != "stddev" else 1e-9)


def test_equal_readings_have_no_spread() -> None:
    assert aggregate("stddev", held(ring_of([0.1] * 50), 60_000, START + 15_000), 2) == (50, 0.0)


@pytest.mark.parametrize("name", ["avg", "sum", "stddev", "range"])
def test_an_aggregate_too_large_for_a_double_is_none(name: Aggregate) -> None:
    for values in ([1.7e308, 1.7e308], [1.7e308, 1.7e308, -1.7e308, -1.7e308, -1.7e308], [-1.7e308, 1.7e308]):
        found = aggregate(name, held(ring_of(values), 60_000, START + len(values) * 300), 1)
        assert found is None or abs(found[1]) < 1.8e308


def test_too_few_readings_are_no_aggregate() -> None:
    buckets = held(ring_of([1.0, 2.0]), 60_000, START + 300)
    assert aggregate("avg", buckets, 3) is None
    assert aggregate("avg", buckets, 2) == (2, 1.5)
    assert aggregate("avg", [], 1) is None
