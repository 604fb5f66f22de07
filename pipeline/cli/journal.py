"""`iiot journal`: when Kafka's data was lost or replaced on purpose."""

from __future__ import annotations

import asyncio

import typer

from pipeline.cli.failures import reaching_kafka, reaching_postgres

app = typer.Typer(help="Mend the journal's place in the platform.", no_args_is_help=True)


@app.callback()
def root() -> None:
    """Mend the journal's place in the platform."""


@app.command()
def adopt(
    yes: bool = typer.Option(False, "--yes", help="Do not ask."),
) -> None:
    """Make PostgreSQL and detection follow the journal that Kafka holds now.

    For the day when Kafka's data was lost or replaced on purpose: processes then refuse to start, because their
    positions belong to another journal. Stored telemetry and alerts stay; rules and devices are written into the
    new journal; open alerts are forgotten by detection and raised anew.

    Detect and project must not run meanwhile. After such a loss they don't: they wait for this command.
    """
    from pipeline.settings import load_settings
    from sinks.commands.adoption import adopt_journal

    settings = load_settings()
    if not yes:
        typer.confirm("Forget the positions in the old journal and follow the new one?", abort=True)
    with reaching_kafka(settings), reaching_postgres(settings):
        adopted = asyncio.run(adopt_journal(settings))
    print(f"following journal {adopted.journal.journal_id} with {adopted.journal.partitions} partitions")
    print(f"{adopted.definitions} definitions were written into it; start detect and project now")
