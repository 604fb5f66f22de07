"""`iiot alerts`: list and show alerts, acknowledge, note and close them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pipeline.cli.failures import reaching_kafka, reaching_postgres
from pipeline.errors import PlatformError

if TYPE_CHECKING:
    from pipeline.settings import Settings
    from sinks.commands.answers import Answer, Outcome
    from sinks.postgres.stored_alerts import StoredAlert

app = typer.Typer(help="Alerts: list, show, acknowledge, close, note.", no_args_is_help=True)

AlertId = Annotated[str, typer.Argument(metavar="ALERT_ID", help="Its id, or how it begins.", show_default=False)]
Notes = Annotated[str, typer.Option("--notes", help="What there is to say about it.")]
Word = Literal["ack", "close", "note"]
_DONE = {"ack": "acknowledged", "close": "closed", "note": "noted"}
_LONGEST = 4096


@app.command("list")
def listing(
    status: Annotated[
        Literal["open", "resolved", "closed", "all"], typer.Option(help="Only alerts that are so now.")
    ] = "open",
    device: Annotated[str | None, typer.Option(help="Only of this device.")] = None,
    rule: Annotated[str | None, typer.Option(help="Only of the rule with this id.")] = None,
    severity: Annotated[
        Literal["info", "warning", "critical"] | None, typer.Option(help="Only of this severity.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with whole ids.")] = False,
) -> None:
    """List alerts, the newest first; open ones unless told otherwise.

    Examples:

      iiot alerts list

      iiot alerts list --status all --device press-1 --json
    """
    from pipeline.settings import load_settings

    settings = load_settings()
    with reaching_postgres(settings):
        found = asyncio.run(_list(settings, None if status == "all" else status, device, rule, severity, limit))
    if as_json:
        _print_json([_document(alert) for alert in found])
    elif found:
        _print_table(found)
    else:
        print("there are no such alerts")


@app.command()
def show(alert_id: AlertId, as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Show one alert and what has happened to it. Why it opened: iiot explain.

    Example: iiot alerts show 5f0c
    """
    from pipeline.alert_codec import alert_document
    from pipeline.cli.tail import alert_line
    from pipeline.settings import load_settings

    settings = load_settings()
    with reaching_postgres(settings):
        alert, events = asyncio.run(_show(settings, alert_id))
    documents = [alert_document(event) for event in events]
    if as_json:
        _print_json({**_document(alert), "transitions": documents})
        return
    for name, value in _document(alert).items():
        if value is not None:
            print(f"{name:<16} {value}")
    print()
    for document in documents:
        by = document["context"].get("by")
        print(alert_line(document) + (f"  by {by}" if by else ""))


@app.command()
def ack(alert_id: AlertId, notes: Notes = "") -> None:
    """Acknowledge an alert: somebody has seen it and takes care of it.

    Example: iiot alerts ack 5f0c --notes "on my way"
    """
    _answer("ack", alert_id, notes)


@app.command()
def close(alert_id: AlertId, notes: Notes = "") -> None:
    """Close an alert by hand, whatever its condition says.

    Example: iiot alerts close 5f0c --notes "sensor replaced"
    """
    _answer("close", alert_id, notes)


@app.command()
def note(alert_id: AlertId, text: Annotated[str, typer.Argument(help="The note.", show_default=False)]) -> None:
    """Write a note to an alert, at any time.

    Example: iiot alerts note 5f0c "bearing ordered, due on Friday"
    """
    if not text.strip():
        raise PlatformError("TEXT: the note is empty")
    _answer("note", alert_id, text)


def _answer(word: Word, alert_id: str, notes: str) -> None:
    from pipeline.settings import load_settings

    if len(notes) > _LONGEST:
        raise PlatformError(f"the note has {len(notes):,} characters; use at most {_LONGEST:,}")
    settings = load_settings()
    with reaching_kafka(settings), reaching_postgres(settings):
        alert, outcome = asyncio.run(_give(settings, word, alert_id, notes))
    line, is_done = describe(word, alert.alert_id, outcome)
    print(line)
    if not is_done:
        raise typer.Exit(1)


async def _give(settings: Settings, word: Word, given: str, notes: str) -> tuple[StoredAlert, Outcome]:
    from pipeline.cli.rules import author
    from pipeline.events import AlertAcknowledged, AlertClosed, AlertNoted
    from sinks.commands import open_answers
    from sinks.postgres.connect import make_pool
    from sinks.postgres.stored_alerts import find_alert

    events: dict[Word, type[AlertAcknowledged] | type[AlertClosed] | type[AlertNoted]] = {
        "ack": AlertAcknowledged, "close": AlertClosed, "note": AlertNoted
    }  # fmt: skip
    async with make_pool(settings, max_size=2) as pool:
        alert = await find_alert(pool, given)
        answer: Answer = events[word](alert.alert_id, alert.device_id, alert.rule_id, author(), notes)
        async with open_answers(settings, pool) as answers:
            return alert, await answers.give(answer)


def describe(word: Word, alert_id: str, outcome: Outcome) -> tuple[str, bool]:
    """What became of an answer, in one line, and whether it is known to be done."""
    from dataclasses import asdict

    from pipeline.alerts import AlertEvent

    if not outcome.is_journaled:
        return f"waiting: {alert_id} will be {_DONE[word]} once Kafka can be reached; the command is safe", False
    output = outcome.output
    if output is None:
        return (
            f"no answer: the command on {alert_id} is safe in the journal, but detection did not say within 5 s what "
            "became of it; iiot status says whether it runs"
        ), False
    if isinstance(output, AlertEvent):
        return f"{output.transition}  {output.alert_id}  {output.rule_name} on {output.device_id}", True
    said = asdict(output)
    word_for_it = str(said.get("outcome", "refused"))
    reason = f": {said['reason']}" if said.get("reason") else ""
    return f"{word_for_it}  {alert_id}{reason}", word_for_it == "unchanged"


async def _list(settings: Settings, status: str | None, device: str | None, rule: str | None, severity: str | None,
                limit: int) -> list[StoredAlert]:  # fmt: skip
    from sinks.postgres.connect import make_pool
    from sinks.postgres.stored_alerts import list_alerts

    async with make_pool(settings, max_size=1) as pool:
        return await list_alerts(pool, status=status, device_id=device, rule_id=rule, severity=severity, limit=limit)


async def _show(settings: Settings, given: str) -> tuple[StoredAlert, list[Any]]:
    from sinks.postgres.connect import make_pool
    from sinks.postgres.stored_alerts import find_alert, transitions_of

    async with make_pool(settings, max_size=1) as pool:
        alert = await find_alert(pool, given)
        return alert, await transitions_of(pool, alert.alert_id)


def _document(alert: StoredAlert) -> dict[str, Any]:
    from dataclasses import asdict
    from datetime import datetime

    from pipeline.instants import format_instant, from_datetime

    return {
        name: format_instant(from_datetime(value)) if isinstance(value, datetime) else value
        for name, value in asdict(alert).items()
    }


def _print_table(found: list[StoredAlert]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from pipeline.cli.screens import make_console

    table = Table(
        "id",
        "opened",
        "status",
        "severity",
        "device",
        "rule",
        "message",
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for alert in found:
        status = alert.status + (", acknowledged" if alert.acknowledged else "")
        table.add_row(alert.alert_id[:8], _document(alert)["opened_at"], status, alert.severity, alert.device_id,
                      escape(alert.rule_name), escape(alert.message))  # fmt: skip
    make_console().print(table)


def _print_json(document: Any) -> None:
    import orjson

    print(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
