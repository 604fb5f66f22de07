"""`iiot tail`: alerts and telemetry as they come, one line each."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.failures import reaching_kafka

if TYPE_CHECKING:
    from pipeline.events import Reading
    from pipeline.settings import Settings

app = typer.Typer(help="Watch alerts or telemetry as they come; Ctrl-C stops.", no_args_is_help=True)

FromBeginning = Annotated[bool, typer.Option("--from-beginning", help="Show first what is already there.")]
Device = Annotated[str | None, typer.Option(help="Only of this device.  [default: all]")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document a line, as other programs receive it.")]

_COLOURS = {"critical": "bold red", "warning": "yellow", "info": "cyan"}
_CALM = ("resolved", "closed", "acknowledged", "noted")


@app.command()
def alerts(from_beginning: FromBeginning = False, device: Device = None, as_json: AsJson = False) -> None:
    """Watch alert events: raised, resolved, …

    Example: iiot tail alerts --from-beginning
    """
    _watch(_alerts, from_beginning, device, as_json)


@app.command()
def telemetry(from_beginning: FromBeginning = False, device: Device = None, as_json: AsJson = False) -> None:
    """Watch what devices send, as it stands in the journal.

    Example: iiot tail telemetry --device demo-pump-01
    """
    _watch(_telemetry, from_beginning, device, as_json)


def _watch(show: Any, from_beginning: bool, device: str | None, as_json: bool) -> None:
    from pipeline.settings import load_settings

    settings = load_settings()
    with contextlib.suppress(KeyboardInterrupt), reaching_kafka(settings):
        asyncio.run(show(settings, from_beginning, device, as_json))


async def _alerts(settings: Settings, from_beginning: bool, device: str | None, as_json: bool) -> None:
    from pipeline.alert_codec import (
        alert_document,
        decode_output,
        outcome_document,
        status_document,
        suspension_document,
    )
    from pipeline.alerts import AlertEvent, CommandOutcome, DeviceStatus
    from pipeline.cli.following import follow
    from pipeline.errors import InvalidInput
    from pipeline.topics import ALERTS

    async for record in follow(settings, ALERTS.name, from_beginning=from_beginning, device_id=device):
        try:
            output = decode_output(record.headers, record.value)
        except InvalidInput as error:
            _say(f"{record.partition}:{record.offset} is no alert: {error}", "dim")
            continue
        if device is not None and output.device_id != device:
            continue
        if isinstance(output, AlertEvent):
            document = alert_document(output)
            colour = "green" if output.transition in _CALM else _COLOURS[output.severity]
            line = alert_line(document)
        elif isinstance(output, CommandOutcome):
            document, colour = outcome_document(output), "dim"
            line = f"{document['at']}  {output.outcome:<12}  {output.device_id}  {output.command}: {output.reason}"
        elif isinstance(output, DeviceStatus):
            document, colour = status_document(output), "magenta"
            behind = ", its clock is behind" if output.clock_behind else ""
            line = f"{document['at']}  {output.status:<12}  {output.device_id}  by {output.by}{behind}"
        else:
            document, colour = suspension_document(output), "magenta"
            line = f"{document['at']}  suspended     {output.device_id}  rule {output.rule_id}: {output.error}"
        _say(document if as_json else line, colour)


async def _telemetry(settings: Settings, from_beginning: bool, device: str | None, as_json: bool) -> None:
    from pipeline.cli.following import follow
    from pipeline.codec import decode
    from pipeline.errors import InvalidInput
    from pipeline.events import Readings
    from pipeline.topics import EVENTS

    async for record in follow(settings, EVENTS.name, from_beginning=from_beginning, device_id=device):
        try:
            event = decode(record.headers, record.value)
        except InvalidInput:
            continue
        if isinstance(event, Readings):
            for reading in event.entries:
                if device is None or reading.device_id == device:
                    _say(reading_document(reading) if as_json else reading_line(reading), None)


def alert_line(alert: dict[str, Any]) -> str:
    """An alert event in one line."""
    return (
        f"{alert['at']}  {alert['transition']:<12}  {alert['severity']:<8}  {alert['device_id']}"
        f"  {alert['rule_name']}: {alert['message']}"
    )


def reading_document(reading: Reading) -> dict[str, Any]:
    """A reading as a JSON document."""
    from pipeline.instants import format_instant

    return {"device_id": reading.device_id, "timestamp": format_instant(reading.ts), "values": dict(reading.values)}


def reading_line(reading: Reading) -> str:
    """A reading in one line."""
    document = reading_document(reading)
    values = "  ".join(f"{key}={value}" for key, value in document["values"].items())
    return f"{document['timestamp']}  {reading.device_id:<18}  {values}"


def _say(what: str | dict[str, Any], colour: str | None) -> None:
    if isinstance(what, dict):
        import orjson

        print(orjson.dumps(what).decode(), flush=True)
        return
    import sys

    if colour is None or not sys.stdout.isatty():
        print(what, flush=True)
        return
    from rich.console import Console

    Console(highlight=False).print(what, style=colour, markup=False, soft_wrap=True)
