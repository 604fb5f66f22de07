"""The command line `iiot`: one file per group of commands; what is heavy is imported only by the command that runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from pipeline.cli import (
    alerts,
    backtest,
    demo,
    explain,
    journal,
    migrate,
    processes,
    replay,
    report,
    rules,
    sections,
    simulate,
    status,
    tail,
    topics,
)
from pipeline.errors import PlatformError

EXIT_FAILED = 2

app = typer.Typer(
    name="iiot",
    help="Telemetry in over MQTT, alerts out: run the platform's parts, feed them, watch them.",
    epilog="Start everything with ./run, then watch with: iiot status, iiot tail alerts",
    no_args_is_help=True,
    add_completion=False,
    cls=sections.SectionedGroup,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def doctor() -> None:
    """Check every dependency and say what is wrong and what to do."""
    from pipeline.cli.doctor import doctor as run

    run()


app.command(rich_help_panel=sections.LOOKING)(status.status)
app.add_typer(tail.app, name="tail", rich_help_panel=sections.LOOKING)
app.command(rich_help_panel=sections.LOOKING)(doctor)
app.add_typer(rules.app, name="rules", rich_help_panel=sections.RULES)
app.command(rich_help_panel=sections.RULES)(backtest.backtest)
app.command(rich_help_panel=sections.LOOKING)(explain.explain)
app.add_typer(alerts.app, name="alerts", rich_help_panel=sections.LOOKING)
app.add_typer(report.app, name="report", rich_help_panel=sections.LOOKING)
app.command(rich_help_panel=sections.SENDING)(replay.replay)
app.command(rich_help_panel=sections.SENDING)(simulate.simulate)
app.add_typer(demo.app, name="demo", rich_help_panel=sections.SENDING)
app.command(rich_help_panel=sections.SETTING_UP)(migrate.migrate)
app.add_typer(topics.app, name="topics", rich_help_panel=sections.SETTING_UP)
app.add_typer(journal.app, name="journal", rich_help_panel=sections.SETTING_UP)
for command in (processes.bridge, processes.detect, processes.project, processes.api):
    app.command(rich_help_panel=sections.PROCESSES)(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: 0 done, 1 done in part, 2 not done (one line on standard error says why)."""
    try:
        app(args=None if arguments is None else list(arguments), prog_name="iiot")
    except PlatformError as error:
        print(f"iiot: {error}", file=sys.stderr)
        sys.exit(EXIT_FAILED)
