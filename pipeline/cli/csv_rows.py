"""Reading a CSV file of measurements: which column is the time, which are values, and what a cell means.

Nothing here opens a file: the caller gives lines.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from pipeline.errors import InvalidInput
from pipeline.events import Scalar
from pipeline.identifiers import MAX_KEY_LENGTH
from pipeline.instants import from_datetime, parse_instant

TIME_COLUMNS = ("timestamp", "datetime", "time", "date_time", "date", "ts", "@timestamp")
"""Names that are taken for the time, in this order, whatever their case."""
RESERVED_KEYS = frozenset({"timestamp", "data", "device_id"})
"""What a telemetry message uses for something else than a value."""
_DELIMITERS = (";", "\t", ",", "|")
_MISSING = frozenset({"", "nan", "null", "none", "na", "n/a"})
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_MAX_TEXT_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things stand in a line: `keys` are (column, key) pairs, `left_out` the columns that are not read."""

    delimiter: str
    width: int
    time_column: int
    keys: tuple[tuple[int, str], ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One line as a reading; `ts` in milliseconds since the epoch, in UTC."""

    line: int
    ts: int
    values: dict[str, Scalar]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A line that is no reading, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person may say about a file; None and empty mean: find out."""

    delimiter: str | None = None
    time_column: str | None = None
    columns: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    key: str | None = None


def find_layout(header: str, choices: Choices) -> Layout:
    """The layout that follows from a file's first line; raises InvalidInput with a sentence that says what to do."""
    delimiter = choices.delimiter or max(_DELIMITERS, key=lambda each: len(_split(header, each)))
    names = [name.strip() for name in _split(header.lstrip("\ufeff"), delimiter)]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise InvalidInput("bad_csv", f"two columns are called {min(twice)!r}; rename one", "header")
    time_column = _find_time(names, choices.time_column)
    for wanted in choices.columns:
        _require(names, wanted, "--columns")
    chosen = [
        (index, name)
        for index, name in enumerate(names)
        if index != time_column and (name in choices.columns if choices.columns else name not in choices.exclude)
    ]
    keys = dict(chosen)
    if not keys:
        raise InvalidInput("bad_csv", f"no column with values is left of: {_listed(names)}", "header")
    if choices.key is not None:
        if len(keys) > 1:
            raise InvalidInput(
                "bad_csv", f"--key names the values of one column, here are {len(keys)}; choose with --columns", "--key"
            )
        keys = dict.fromkeys(keys, choices.key)
    for key in keys.values():
        if key in RESERVED_KEYS:
            raise InvalidInput(
                "bad_csv", f"{key!r} has a meaning of its own in a message; use --exclude {key}", "header"
            )
        if not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isprintable():
            raise InvalidInput("bad_csv", f"use names of 1 to {MAX_KEY_LENGTH} printable characters: {key!r}", "header")
    left_out = tuple(name for index, name in enumerate(names) if index not in keys and index != time_column)
    return Layout(delimiter, len(names), time_column, tuple(keys.items()), left_out)


def read_rows(lines: Iterable[str], layout: Layout, zone: ZoneInfo) -> Iterator[Row | BadRow]:
    """The rows below the header, whose times are in `zone` where they name none; never raises for a bad one."""
    reader = csv.reader(lines, delimiter=layout.delimiter)
    while True:
        try:
            cells = next(reader, None)
            if cells is None:
                return
            if cells:
                yield _read_row(reader.line_num + 1, cells, layout, zone)
        except csv.Error as error:
            yield BadRow(reader.line_num + 1, str(error))


def cell_value(text: str) -> Scalar | None:
    """What a cell means: a number, true or false, text; None when it is empty or says that nothing was measured."""
    text = text.strip()
    if text.lower() in _MISSING:
        return None
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else None
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    return text.encode(errors="replace")[:_MAX_TEXT_BYTES].decode(errors="ignore")


def cell_instant(text: str, zone: ZoneInfo) -> int:
    """The instant in a cell: ISO 8601, or epoch seconds or milliseconds; raises InvalidInput."""
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return parse_instant(int(text) if _INTEGER.fullmatch(text) else float(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return parse_instant(text)
    if moment.tzinfo is None:
        return parse_instant(from_datetime(moment.replace(tzinfo=zone)))
    return parse_instant(text)


def _read_row(line: int, cells: Sequence[str], layout: Layout, zone: ZoneInfo) -> Row | BadRow:
    if len(cells) != layout.width:
        return BadRow(line, f"has {len(cells)} cells, the header has {layout.width}")
    try:
        ts = cell_instant(cells[layout.time_column], zone)
    except InvalidInput as error:
        return BadRow(line, error.message)
    values = {key: value for column, key in layout.keys if (value := cell_value(cells[column])) is not None}
    return Row(line, ts, values) if values else BadRow(line, "has no value")


def _find_time(names: list[str], wanted: str | None) -> int:
    if wanted is not None:
        return _require(names, wanted, "--timestamp-column")
    lowered = [name.lower() for name in names]
    for candidate in TIME_COLUMNS:
        if candidate in lowered:
            return lowered.index(candidate)
    raise InvalidInput(
        "bad_csv", f"no column looks like the time; name it with --timestamp-column, one of: {_listed(names)}", "header"
    )


def _require(names: list[str], wanted: str, option: str) -> int:
    if wanted not in names:
        raise InvalidInput("bad_csv", f"there is no column {wanted!r}; the file has: {_listed(names)}", option)
    return names.index(wanted)


def _listed(names: list[str]) -> str:
    return ", ".join(names)[:400]


def _split(header: str, delimiter: str) -> list[str]:
    return next(csv.reader([header.rstrip("\r\n")], delimiter=delimiter), [])
