"""The command line's entry. Each command imports what it needs only when it is called."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Industrial telemetry and alerting.")


@app.callback()
def root() -> None:
    """Industrial telemetry and alerting: MQTT in, a journal in Kafka, alerts out."""


@app.command()
def doctor() -> None:
    """Check every dependency and say what is wrong and what to do."""
    from pipeline.cli.doctor import doctor as run

    run()


def main() -> None:
    """Run the command line."""
    app()
