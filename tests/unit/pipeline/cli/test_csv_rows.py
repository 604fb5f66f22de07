"""CSV files as people have them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cli.csv_rows import BadRow, Choices, Layout, Row, cell_instant, cell_value, find_layout, read_rows
from pipeline.errors import InvalidInput
from pipeline.instants import parse_instant

UTC = ZoneInfo("UTC")
WITHOUT_LABELS = Choices(exclude=("anomaly", "changepoint"))
SINGLE = "timestamp,value\n2013-12-02 21:15:00,73.96732207\n2013-12-02 21:20:00,74.9\n"
BENCH = (
    "datetime;Accelerometer1RMS;Current;Volume Flow RateRMS;anomaly;changepoint\n"
    "2020-03-09 10:14:33;0.0265878;1.3302;32.0;0.0;0.0\n"
)


def rows_of(text: str, choices: Choices | None = None, zone: ZoneInfo = UTC) -> tuple[Layout, list[Row | BadRow]]:
    lines = text.splitlines(keepends=True)
    layout = find_layout(lines[0], choices or WITHOUT_LABELS)
    return layout, list(read_rows(lines[1:], layout, zone))


def test_a_file_with_one_value_needs_no_options() -> None:
    _, rows = rows_of(SINGLE)
    assert rows[0] == Row(2, parse_instant("2013-12-02T21:15:00Z"), {"value": 73.96732207})
    assert len(rows) == 2


def test_its_value_can_be_given_a_name() -> None:
    _, rows = rows_of(SINGLE, Choices(key="temperature"))
    assert isinstance(rows[0], Row)
    assert rows[0].values == {"temperature": 73.96732207}


def test_semicolons_are_found_and_labels_are_left_out() -> None:
    layout, rows = rows_of(BENCH)
    assert layout.delimiter == ";"
    assert layout.left_out == ("anomaly", "changepoint")
    assert rows == [
        Row(
            2,
            parse_instant("2020-03-09T10:14:33Z"),
            {"Accelerometer1RMS": 0.0265878, "Current": 1.3302, "Volume Flow RateRMS": 32.0},
        )
    ]


def test_labels_can_be_kept_and_columns_chosen() -> None:
    assert rows_of(BENCH, Choices(exclude=()))[0].left_out == ()
    layout, _ = rows_of(BENCH, Choices(columns=("Current", "anomaly")))
    assert [key for _, key in layout.keys] == ["Current", "anomaly"]


def test_a_time_without_a_zone_is_in_the_one_given() -> None:
    _, rows = rows_of(BENCH, zone=ZoneInfo("Europe/Berlin"))
    assert isinstance(rows[0], Row)
    assert rows[0].ts == parse_instant("2020-03-09T09:14:33Z")


@pytest.mark.parametrize(
    "text",
    [
        "2013-12-02 21:15:00",
        "2013-12-02T21:15:00Z",
        "2013-12-02T22:15:00+01:00",
        "1386018900",
        "1386018900000",
        "1386018900.0",
    ],
)
def test_times_are_read_in_many_forms(text: str) -> None:
    assert cell_instant(text, UTC) == 1_386_018_900_000


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("-2.5", -2.5), (".5", 0.5), ("1e3", 1000.0), ("on", "on"), ("TRUE", True), (" 7 ", 7),
        ("", None), ("NaN", None), ("1e999", None), ("1_000", "1_000"), ("٣", "٣"), ("9" * 30, float("9" * 30)),
    ],
)  # fmt: skip
def test_a_cell_is_what_it_looks_like(text: str, value: object) -> None:
    got = cell_value(text)
    assert got == value
    assert type(got) is type(value)


def test_empty_cells_are_skipped_and_bad_lines_are_reported() -> None:
    _, rows = rows_of("ts,a,b\n2020-01-01,1,\nyesterday,1,2\n2020-01-02,1\n2020-01-03,,\n\n2020-01-04,1,2\n")
    assert [(row.line, type(row)) for row in rows] == [(2, Row), (3, BadRow), (4, BadRow), (5, BadRow), (7, Row)]
    assert isinstance(rows[0], Row)
    assert rows[0].values == {"a": 1}


@pytest.mark.parametrize(
    ("header", "choices", "says"),
    [
        ("when,value", Choices(), "--timestamp-column"),
        ("time,a,a", Choices(), "'a'"),
        ("time,a", Choices(time_column="t"), "the file has: time, a"),
        ("time,a", Choices(columns=("b",)), "--columns"),
        ("time,a,b", Choices(key="x"), "--key"),
        ("time,data", Choices(), "--exclude data"),
        ("time,anomaly", WITHOUT_LABELS, "no column with values"),
        ("time," + "k" * 65, Choices(), "64"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(header: str, choices: Choices, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        find_layout(header, choices)


@given(st.lists(st.text(max_size=30), max_size=6))
def test_no_text_makes_reading_fail(cells: list[str]) -> None:
    layout = find_layout("time,a,b", Choices())
    assert all(isinstance(row, Row | BadRow) for row in read_rows([",".join(cells) + "\n"], layout, UTC))
