"""`iiot replay`: a CSV file as if a device sent it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from pipeline.errors import PlatformError

LABEL_COLUMNS = "anomaly,changepoint"
"""Columns that public data sets use for a person's verdict, which no sensor measures."""


def replay(
    file: Annotated[Path, typer.Argument(help="The CSV file; its first line names the columns.", show_default=False)],
    device: Annotated[str, typer.Option(help="The id of the device that sends it.", show_default=False)],
    timestamp_column: Annotated[
        str | None, typer.Option(help="The column with the time.  [default: the one called timestamp, datetime, …]")
    ] = None,
    columns: Annotated[str, typer.Option(help="Only these columns, comma-separated.  [default: all]")] = "",
    exclude: Annotated[str, typer.Option(help="Columns to leave out, comma-separated.")] = LABEL_COLUMNS,
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
    from pipeline.cli.csv_rows import Choices
    from pipeline.cli.pacing import Pace, parse_speed, shift_to_now
    from pipeline.cli.recording import Recording
    from pipeline.cli.replaying import send
    from pipeline.identifiers import check_identifier

    check_identifier(device, "--device")
    factor = parse_speed(speed)
    choices = Choices(
        delimiter=_delimiter(delimiter),
        time_column=timestamp_column,
        columns=_names(columns),
        exclude=_names(exclude),
        key=key,
    )
    recording = Recording(file, choices, _zone(timezone))
    extent = recording.measure()
    now = time.time_ns() // 1_000_000
    shift = shift_to_now(extent.first, extent.last, now, factor) if shift_to_now_ else 0
    send(recording, extent, Pace(factor, extent.first, shift), device)


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
