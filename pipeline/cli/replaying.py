"""Sending a recording through MQTT, with a progress bar, and saying what became of it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline.cli.csv_rows import Row
from pipeline.cli.pacing import Pace
from pipeline.cli.publishing import Publisher, telemetry_topic
from pipeline.cli.recording import Extent, Recording
from pipeline.instants import format_instant
from pipeline.settings import load_settings

_SHOW_EVERY_SECONDS = 0.1


def send(recording: Recording, extent: Extent, pace: Pace, device: str) -> None:
    """Publish every reading as it is due and print the counts, also after Ctrl-C.

    Raises Unreachable; ends with 1 if the broker refused any, with 130 after Ctrl-C.
    """
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
            updated = began
            for ts, payload in messages(recording, pace):
                _wait_until_due(began, pace.due_after(ts))
                publisher.publish(telemetry_topic(device), payload)
                if time.monotonic() - updated > _SHOW_EVERY_SECONDS:
                    updated = time.monotonic()
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


def messages(recording: Recording, pace: Pace) -> Iterator[tuple[int, bytes]]:
    """Each good row as (its recorded time, the message)."""
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
