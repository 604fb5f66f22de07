from __future__ import annotations

from fractions import Fraction
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.windows.bucket import Bucket, add, open_bucket

values = st.lists(st.floats(min_value=-1e12, max_value=1e12), min_size=1, max_size=30)


def bucket_of(readings: list[float]) -> Bucket:
    bucket = open_bucket(7, 0, readings[0])
    for ts, value in enumerate(readings[1:], 1):
        bucket = add(bucket, ts, value)
    return bucket


@given(values)
def test_a_bucket_sums_what_was_put_into_it(readings: list[float]) -> None:
    index, count, total, compensation, origin, shift, _, lowest, highest, *earliest = bucket_of(readings)
    exact = sum(map(Fraction, readings))
    slack = 1e-14 * sum(map(abs, readings))
    assert earliest == [0, readings[0]]
    assert (index, count, lowest, highest) == (7, len(readings), min(readings), max(readings))
    assert total + compensation == pytest.approx(float(exact), rel=1e-14, abs=slack * 1e-2)
    assert origin + shift == pytest.approx(float(exact / count), rel=1e-12, abs=slack)


def test_small_readings_survive_between_huge_ones() -> None:
    _, _, total, compensation, *_ = bucket_of([1e16, 1.0, -1e16])
    assert total + compensation == 1.0


def test_readings_too_large_to_add_make_no_exception() -> None:
    bucket = bucket_of([1.7e308, 1.7e308, -1.7e308])
    assert not isfinite(bucket[2] + bucket[3])
    assert bucket[1] == 3


def test_the_earliest_reading_stays_whenever_it_comes() -> None:
    bucket = add(add(open_bucket(7, 500, 1.0), 300, 2.0), 400, 3.0)
    assert bucket[9:] == (300, 2.0)
