"""Comparing two values of a rule."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

from pipeline.events import Scalar
from pipeline.rules.base import Operator

_ORDERINGS: Mapping[Operator, Callable[[Scalar, Scalar], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
_NUMBERS = (float, int)
_EQUALITIES = ("==", "!=")


def compare(left: Scalar, comparison: Operator, right: Scalar) -> bool | None:
    """Whether the comparison holds; None where it means nothing.

    Numbers compare with numbers. Booleans with booleans and text with text know only == and !=.
    """
    kind, other = type(left), type(right)
    if kind in _NUMBERS:
        if other in _NUMBERS:
            return _ORDERINGS[comparison](left, right)
        return None
    if kind is other and comparison in _EQUALITIES:
        return _ORDERINGS[comparison](left, right)
    return None
