"""`iiot doctor`: each thing the platform depends on, what is wrong with it, and what to do."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.cli.checks import CHECKS
from pipeline.cli.checks.finding import Finding
from pipeline.errors import SettingsError
from pipeline.settings import Settings, env_file_path, load_settings


def doctor() -> None:
    """Check every dependency and say what is wrong and what to do; ends with 1 if anything is."""
    console = Console(highlight=False)
    # What the clients log on the way is what the findings say, in fewer words.
    logging.disable(logging.CRITICAL)
    try:
        settings = load_settings()
    except SettingsError as error:
        console.print(f"[red]settings:[/] {escape(str(error))}\nCorrect it in {env_file_path()}.")
        raise typer.Exit(1) from None
    findings = asyncio.run(examine(settings, env_file_path()))
    show(console, findings)
    if not all(finding.is_good for finding in findings):
        raise typer.Exit(1)


async def examine(settings: Settings, env_file: Path) -> list[Finding]:
    """Run all checks at once and return what each found, in their order; raises nothing of theirs."""
    results = await asyncio.gather(*(check(settings, env_file) for check in CHECKS))
    return [finding for findings in results for finding in findings]


def show(console: Console, findings: list[Finding]) -> None:
    """Print one row a finding; the remedy stands below what is wrong."""
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    table.add_column("checked")
    table.add_column("")
    table.add_column("found", overflow="fold")
    for finding in findings:
        mark = "[green]ok[/]" if finding.is_good else "[red]wrong[/]"
        remedy = f"\n[yellow]{escape(finding.remedy)}[/]" if finding.remedy else ""
        table.add_row(finding.subject, mark, escape(finding.observation) + remedy)
    console.print(table)
    wrong = sum(not finding.is_good for finding in findings)
    console.print("\n[green]Nothing is wrong.[/]" if wrong == 0 else f"\n[red]{wrong} wrong.[/]")
