"""`iiot replay`: a CSV file as if a device sent it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from pipeline.cli.csv_rows import LABEL_COLUMNS, BadRow, Choices, Layout, Row, find_layout, read_rows
from pipeline.cli.pacing import Pace, shift_to_now
from pipeline.errors import InvalidInput, PlatformError

if TYPE_CHECKING:
    from pipeline.cli.publishing import Publisher

_SHOWN_BAD_ROWS = 3


def replay(
    file: Annotated[Path, typer.Argument(help="The CSV file; its first line names the columns.", show_default=False)],
    device: Annotated[str, typer.Option(help="The id of the device that sends it.", show_default=False)],
    timestamp_column: Annotated[
        str | None, typer.Option(help="The column with the time.  [default: the one called timestamp, datetime, …]")
    ] = None,
    columns: Annotated[str, typer.Option(help="Only these columns, comma-separated.  [default: all]")] = "",
    exclude: Annotated[str, typer.Option(help="Columns to leave out, comma-separated.")] = ",".join(LABEL_COLUMNS),
    key: Annotated[str | None, typer.Option(help="Name for the values of a file with one column of them.")] = None,
    speed: Annotated[str, typer.Option(help="How many times faster than recorded; 'max': as fast as it goes.")] = "max",
    shift_to_now_: Annotated[
        bool, typer.Option("--shift-to-now", help="Move all times so that the recording is of now.")
    ] = False,
    timezone: Annotated[str, typer.Option(help="The zone of times that name none, such as Europe/Berlin.")] = "UTC",
    delimiter: Annotated[str, typer.Option(help="What separates the cells; 'auto' finds out.")] = "auto",
) -> None:
    """Publish a CSV file through MQTT, each line as one message of a device, and count what was acknowledged.

    The first line must name the columns. Empty cells are skipped; cells that are no numbers are sent as text.

    Examples:

      iiot replay machine.csv --device machine-1 --key temperature

      iiot replay bench.csv --device bench-1 --speed 60 --shift-to-now
    """
    from pipeline.identifiers import check_identifier

    check_identifier(device, "--device")
    choices = Choices(
        delimiter=_delimiter(delimiter),
        time_column=timestamp_column,
        columns=_names(columns),
        exclude=_names(exclude),
        key=key,
    )
    recording = Recording(file, choices, _zone(timezone))
    extent = recording.measure()
    factor = parse_speed(speed)
    now = time.time_ns() // 1_000_000
    shift = shift_to_now(extent.first, extent.last, now, factor) if shift_to_now_ else 0
    _send(recording, extent, Pace(factor, extent.first, shift), device)


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


def _send(recording: Recording, extent: Extent, pace: Pace, device: str) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from pipeline.cli.publishing import Publisher
    from pipeline.settings import load_settings

    errors = Console(stderr=True)
    keys = ", ".join(key for _, key in recording.layout.keys)
    left_out = f"; left out: {', '.join(recording.layout.left_out)}" if recording.layout.left_out else ""
    print(f"{device}: {extent.rows:,} readings of {keys}{left_out}")
    publisher = Publisher(load_settings(), "replay")
    publisher.connect()
    began = time.monotonic()
    stopped = False
    try:
        with Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=errors
        ) as progress:
            shown = progress.add_task("acknowledged", total=extent.rows)
            for ts, payload in messages(recording, pace):
                _wait_until_due(began, pace.due_after(ts))
                publisher.publish(telemetry_topic(device), payload)
                progress.update(shown, completed=publisher.acknowledged)
            publisher.drain()
            progress.update(shown, completed=publisher.acknowledged)
    except KeyboardInterrupt:
        stopped = True
    finally:
        publisher.close()
        _report(publisher, extent, time.monotonic() - began, stopped=stopped)
    if publisher.refused or stopped:
        raise typer.Exit(130 if stopped else 1)


def telemetry_topic(device: str) -> str:
    """The MQTT topic of a device's telemetry."""
    return f"insa/devices/{device}/telemetry"


def messages(recording: Recording, pace: Pace) -> Iterator[tuple[int, bytes]]:
    """Each good row as (its recorded time, the message)."""
    import orjson

    from pipeline.instants import format_instant

    for row in recording.rows():
        if isinstance(row, Row):
            yield row.ts, orjson.dumps({"timestamp": format_instant(row.ts + pace.shift), **row.values})


def _wait_until_due(began: float, due_after: float) -> None:
    wait = began + due_after - time.monotonic()
    if wait > 0:
        time.sleep(wait)


def _report(publisher: Publisher, extent: Extent, seconds: float, *, stopped: bool) -> None:
    rate = publisher.acknowledged / seconds if seconds > 0 else 0.0
    print(
        f"{'stopped: ' if stopped else ''}{publisher.acknowledged:,} of {publisher.published:,} messages acknowledged"
        f" in {seconds:.1f} s ({rate:,.0f}/s)"
    )
    if publisher.refused:
        print(f"{publisher.refused:,} refused by the broker: may this user publish for this device?")
    if extent.bad:
        print(f"{extent.bad:,} lines are no readings and were skipped:")
        for row in extent.bad_examples:
            print(f"  line {row.line}: {row.reason}")


def parse_speed(text: str) -> float | None:
    """A factor, or None for `max`; raises PlatformError."""
    if text == "max":
        return None
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor < 1e9:
        raise PlatformError("--speed: use a number above 0, such as 60, or max")
    return factor


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise PlatformError(f"--timezone: there is no zone {name!r}; use a name such as Europe/Berlin") from None


def _delimiter(text: str) -> str | None:
    if text == "auto":
        return None
    text = {"tab": "\t", "\\t": "\t"}.get(text, text)
    if len(text) != 1:
        raise PlatformError("--delimiter: use one character, 'tab' or 'auto'")
    return text


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
