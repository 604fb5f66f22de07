from __future__ import annotations

import re
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.errors import InvalidInput
from pipeline.identifiers import IDENTIFIER_PATTERN, alert_id, check_identifier, is_identifier, slug

identifiers = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
versions = st.integers(min_value=1, max_value=10**6)


@given(identifiers)
def test_a_valid_id_is_returned_as_it_is(value: str) -> None:
    assert check_identifier(value, "device_id") == value
    assert re.search(IDENTIFIER_PATTERN, value)


@pytest.mark.parametrize("value", ["", "a" * 65, "a b", "a/b", "+", "#", "$SYS", "a\n", "\0", "é", "a.b", "*", "a:b"])
def test_what_means_something_elsewhere_is_refused_by_name(value: str) -> None:
    assert not is_identifier(value)
    with pytest.raises(InvalidInput) as caught:
        check_identifier(value, "device_id")
    assert (caught.value.reason, caught.value.path) == ("invalid_id", "device_id")


@pytest.mark.parametrize(
    ("name", "made"),
    [("High Temperature Alert", "high-temperature-alert"), ("  p > 5 bar! ", "p-5-bar"), ("x" * 63 + " y", "x" * 63)],
)
def test_a_slug_is_readable(name: str, made: str) -> None:
    assert slug(name) == made


@given(st.text(max_size=100))
def test_a_slug_is_a_valid_id_or_there_is_none(name: str) -> None:
    try:
        assert is_identifier(slug(name))
    except InvalidInput:
        assert not re.search("[a-z0-9]", name.lower())


def test_an_alert_id_never_changes_between_releases() -> None:
    assert alert_id("hot", 7, "d", "1700000000000:3:2:1") == UUID("96dfcfd1-a849-5407-a6f7-0e5475e6a29b")


Opening = tuple[str, int, str, str]
openings = st.tuples(identifiers, versions, identifiers, st.from_regex(r"[0-9]+:[0-9]+:[0-9]+:[0-9]+", fullmatch=True))


@given(openings, openings)
def test_different_openings_have_different_ids(one: Opening, other: Opening) -> None:
    assume(one != other)
    assert alert_id(*one) == alert_id(*one)
    assert alert_id(*one) != alert_id(*other)
