"""`iiot backtest` and `iiot rules diff`: what rules would have said of the past."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.failures import reaching_kafka, reaching_postgres
from pipeline.cli.spans import Span, parse_span
from pipeline.errors import PlatformError

if TYPE_CHECKING:
    from pipeline.backtest import Candidate
    from pipeline.cli.backtesting import Backtested

From = Annotated[
    str,
    typer.Option("--from", help="Where to begin: a time with its zone, a time ago such as 7d, or 'applied': where the "
                 "journal defines this very rule.", show_default=False),
]  # fmt: skip
Since = Annotated[
    str,
    typer.Option("--from", help="Where to begin: a time with its zone, or a time ago such as 7d.", show_default=False),
]
To = Annotated[str, typer.Option("--to", help="Where to end: a time with its zone, a time ago, or now.")]
Device = Annotated[str | None, typer.Option(help="Only this device.  [default: all that the rule is for]")]
AsJson = Annotated[bool, typer.Option("--json", help="As one JSON document.")]
RuleFile = Annotated[Path, typer.Argument(help="A YAML or JSON file with one rule.", show_default=False)]
_APPLIED = "applied"


def backtest(rule: RuleFile, start: From, stop: To = "now", device: Device = None, as_json: AsJson = False) -> None:
    """Show what a rule would have raised and resolved, had it been in force. Nothing is sent or stored.

    The journal is folded again as detection does it; times are those of receipt. The rule begins with empty windows, as
    it does when it is applied. Beyond the journal's retention the stored telemetry serves: approximate, and said so.

    Examples:

      iiot backtest rule.yaml --from 7d

      iiot backtest rule.yaml --from 2026-03-01T06:00:00+01:00 --to 2026-03-02T06:00:00+01:00 --device press-1

      iiot backtest rule.yaml --from applied --json
    """
    from pipeline.cli.backtest_screens import print_backtest

    applied = start == _APPLIED
    span = parse_span("1970-01-01T00:00:00Z" if applied else start, stop)
    candidate = read_candidate(rule)
    done = _run([candidate], span, _chosen_device([candidate], device), applied)
    print_backtest(candidate, span, done, as_json=as_json)


def diff(
    old: RuleFile, new: RuleFile, start: Since, stop: To = "now", device: Device = None, as_json: AsJson = False
) -> None:
    """Compare what two rules would have said of the same stretch: alerts added, removed and shifted.

    Alerts of a device belong together if they overlap in time.

    Example: iiot rules diff old.yaml new.yaml --from 7d
    """
    from pipeline.cli.backtest_screens import print_difference

    span = parse_span(start, stop)
    candidates = [read_candidate(old), read_candidate(new)]
    done = _run(candidates, span, _chosen_device(candidates, device), applied=False)
    print_difference(span, done, as_json=as_json)


def read_candidate(path: Path) -> Candidate:
    """The one rule of a file; raises PlatformError."""
    from pipeline.backtest import Candidate
    from pipeline.cli.rules import read_rule_files

    found = read_rule_files([path], "nothing was tested")
    if len(found) != 1:
        raise PlatformError(f"{path} holds {len(found)} rules; use a file with one")
    return Candidate.of(found[0].rule)


def _chosen_device(candidates: list[Candidate], device: str | None) -> str | None:
    from pipeline.identifiers import check_identifier

    if device is not None:
        return check_identifier(device, "--device")
    named = {candidate.rule.device_id for candidate in candidates}
    return named.pop() if len(named) == 1 else None


def _run(candidates: list[Candidate], span: Span, device: str | None, applied: bool) -> Backtested:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from pipeline.cli.backtesting import backtest as fold
    from pipeline.settings import load_settings

    settings = load_settings()
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(),
        console=console, transient=True, disable=not console.is_terminal,
    )  # fmt: skip
    shown = bar.add_task("folding", total=None)

    def report(done: int, total: int) -> None:
        bar.update(shown, completed=done, total=total)

    with reaching_kafka(settings), reaching_postgres(settings), bar:
        return asyncio.run(fold(settings, candidates, span, device, applied, report))
