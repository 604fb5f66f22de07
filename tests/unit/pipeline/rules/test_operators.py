from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.events import Scalar
from pipeline.rules.model import Operator
from pipeline.rules.operators import compare

OPERATORS: tuple[Operator, ...] = get_args(Operator)
numbers = st.integers(min_value=-(2**63), max_value=2**63) | st.floats(allow_nan=False)
scalars = numbers | st.booleans() | st.text(max_size=3)


@given(numbers, numbers)
def test_numbers_compare_with_numbers(left: float, right: float) -> None:
    found = [compare(left, operator, right) for operator in OPERATORS]
    assert found == [left > right, left < right, left >= right, left <= right, left == right, left != right]


@given(scalars, st.sampled_from(OPERATORS), scalars)
def test_what_means_nothing_is_none_and_nothing_raises(left: Scalar, operator: Operator, right: Scalar) -> None:
    def kind(value: Scalar) -> str:
        return "flag" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"

    meant = kind(left) == kind(right) and (kind(left) == "number" or operator in ("==", "!="))
    assert (compare(left, operator, right) is not None) is meant


@pytest.mark.parametrize("operator", OPERATORS)
def test_true_is_not_the_number_one(operator: Operator) -> None:
    assert compare(True, operator, 1) is None
    assert compare(1, operator, True) is None
    assert compare("1", operator, 1) is None


def test_booleans_and_text_know_equality() -> None:
    assert compare(True, "==", True) is True
    assert compare(True, "!=", True) is False
    assert compare("open", "!=", "shut") is True
    assert compare("a", "<", "b") is None
