"""A recording: a CSV file that can be read as often as needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from pipeline.cli.csv_rows import BadRow, Choices, Layout, Row, find_layout, read_rows
from pipeline.errors import InvalidInput, PlatformError

_SHOWN_BAD_ROWS = 3


@dataclass(frozen=True, slots=True)
class Extent:
    """What a file holds: good rows, their oldest and newest time, and the lines that are no readings."""

    rows: int
    first: int
    last: int
    bad: int
    bad_examples: tuple[BadRow, ...]


class Recording:
    """A CSV file that can be read several times; errors are PlatformErrors that name the file."""

    def __init__(self, path: Path, choices: Choices, zone: ZoneInfo) -> None:
        self._path = path
        self._zone = zone
        try:
            with path.open(encoding="utf-8-sig", newline="") as lines:
                self.layout: Layout = find_layout(next(lines, ""), choices)
        except InvalidInput as error:
            raise PlatformError(f"{path}: {error}") from None
        except OSError as error:
            raise PlatformError(f"cannot read {path}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise PlatformError(f"{path} is no text in UTF-8") from None

    def rows(self) -> Iterator[Row | BadRow]:
        """All lines below the header."""
        with self._path.open(encoding="utf-8-sig", newline="", errors="replace") as lines:
            next(lines, None)
            yield from read_rows(lines, self.layout, self._zone)

    def measure(self) -> Extent:
        """Read it once; raises PlatformError if there is nothing to send."""
        good = bad = 0
        first, last = 2**63, -(2**63)
        examples: list[BadRow] = []
        for row in self.rows():
            if isinstance(row, Row):
                good += 1
                first, last = min(first, row.ts), max(last, row.ts)
            else:
                bad += 1
                if len(examples) < _SHOWN_BAD_ROWS:
                    examples.append(row)
        if not good:
            why = f"; line {examples[0].line}: {examples[0].reason}" if examples else ""
            raise PlatformError(f"{self._path} has no line that is a reading{why}")
        return Extent(good, first, last, bad, tuple(examples))
