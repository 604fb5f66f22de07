from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InvalidInput
from pipeline.instants import EARLIEST, LATEST, format_instant, from_datetime, parse_instant, to_datetime

instants = st.integers(min_value=EARLIEST, max_value=LATEST)
OCTOBER = 1_761_592_485_000


@given(instants)
def test_an_instant_survives_text_and_datetime(instant: int) -> None:
    assert parse_instant(format_instant(instant)) == instant
    assert from_datetime(to_datetime(instant)) == instant
    assert to_datetime(instant).tzinfo is UTC


@given(instants, instants)
def test_text_sorts_like_time_to_the_second(one: int, other: int) -> None:
    one, other = sorted((one, other))
    assert format_instant(one)[:19] <= format_instant(other)[:19]


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2025-10-27T19:14:45Z", OCTOBER),
        ("2025-10-27T19:14:45", OCTOBER),
        ("2025-10-27 19:14:45", OCTOBER),
        (" 2025-10-27T19:14:45Z\n", OCTOBER),
        ("2025-10-27T20:14:45+01:00", OCTOBER),
        ("2025-10-27T19:14:45.642102", OCTOBER + 642),
        ("2025-10-27T19:14:45.642999999Z", OCTOBER + 642),
        ("1969-12-31T23:59:59.9995Z", -1),
        ("2025-10-27", OCTOBER - 69_285_000),
        (1_761_592_485, OCTOBER),
        (1_761_592_485_000, OCTOBER),
        (1_761_592_485.25, OCTOBER + 250),
        (1_761_592_485_000.4, OCTOBER),
        (0, 0),
        (-1, -1_000),
        (99_999_999_999, 99_999_999_999_000),
        (100_000_000_000, 100_000_000_000),
    ],
)
def test_what_devices_write_is_understood(value: object, instant: int) -> None:
    assert parse_instant(value) == instant


@pytest.mark.parametrize(
    "value",
    [
        None, True, [], {}, b"2025-10-27", "", "now", "12:00", "2025-13-01T00:00:00Z", "2025-10-27T25:00:00Z",
        "2025-10-27T19:14:45+99:00", "٢٠٢٥-10-27", "2" * 65, "1899-12-31T23:59:59Z", "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59", float("nan"), float("inf"), -float("inf"), 1e300, LATEST + 1, EARLIEST - 1,
        10**400, -(10**400),
    ],
)  # fmt: skip
def test_what_is_no_instant_is_refused_by_name(value: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_instant(value)
    assert (caught.value.reason, caught.value.path) == ("invalid_timestamp", "timestamp")


@given(st.text(max_size=30) | st.floats() | st.integers())
def test_nothing_but_invalid_input_is_raised(value: object) -> None:
    try:
        assert EARLIEST <= parse_instant(value) <= LATEST
    except InvalidInput as error:
        assert str(error).startswith("timestamp: ")  # noqa: PT017


def test_a_naive_datetime_names_no_instant() -> None:
    with pytest.raises(ValueError, match="naive"):
        from_datetime(datetime(2025, 1, 1))  # noqa: DTZ001
    assert from_datetime(datetime(1970, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))) == 0


def test_milliseconds_are_written_only_where_there_are_any() -> None:
    assert format_instant(OCTOBER) == "2025-10-27T19:14:45Z"
    assert format_instant(OCTOBER + 7) == "2025-10-27T19:14:45.007Z"
    assert format_instant(-1) == "1969-12-31T23:59:59.999Z"
