"""`iiot rules`: apply, list and remove rules, compare two, test one."""

from __future__ import annotations

import asyncio
import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli import backtest, rule_tests
from pipeline.cli.failures import reaching_kafka, reaching_postgres
from pipeline.cli.rule_words import describe_rule
from pipeline.errors import PlatformError

if TYPE_CHECKING:
    from pipeline.cli.rule_files import Found
    from pipeline.settings import Settings
    from sinks.commands import Commands, Defined

app = typer.Typer(help="Rules: apply them from files, list, remove, compare and test them.", no_args_is_help=True)
_SHOWN_SECONDS = 5.0
_NOT_SHOWN = "it is safe in the journal, but the projection does not show it yet; iiot status says whether it runs"


@app.command()
def apply(
    files: Annotated[
        list[Path], typer.Argument(help="YAML or JSON files, each with one or many rules; - reads standard input.")
    ],
) -> None:
    """Create the rules in files, or change those that exist. Repeating is safe: an equal rule stays as it is.

    A rule is known by its rule_id, or by its name where it has none. If any rule is wrong, none is applied.

    Example: iiot rules apply docs/examples/rules.yaml
    """
    from pipeline.settings import load_settings

    found = read_rule_files(files, "nothing was applied")
    settings = load_settings()
    with reaching_kafka(settings), reaching_postgres(settings):
        asyncio.run(_apply(settings, found))


@app.command("list")
def listing(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, to apply again or to process.")] = False,
) -> None:
    """List the rules in force."""
    from pipeline.settings import load_settings

    settings = load_settings()
    with reaching_postgres(settings):
        rows = asyncio.run(_fetch(settings))
    if as_json:
        import orjson

        print(orjson.dumps([row["body"] for row in rows], option=orjson.OPT_INDENT_2).decode())
    elif rows:
        _print_table(rows)
    else:
        print("there are no rules yet; try: iiot rules apply docs/examples/rules.yaml")


@app.command()
def remove(
    rule_ids: Annotated[list[str], typer.Argument(metavar="ID...", help="What iiot rules list shows as id.")],
) -> None:
    """Remove rules; their open alerts are resolved, their history stays."""
    from pipeline.settings import load_settings

    settings = load_settings()
    with reaching_kafka(settings), reaching_postgres(settings):
        asyncio.run(_remove(settings, rule_ids))


app.command()(backtest.diff)
app.command("test")(rule_tests.run_tests)


def read_rule_files(files: list[Path], consequence: str) -> list[Found]:
    """The rules of all files; raises PlatformError that names every problem, and the consequence."""
    from pipeline.cli.rule_files import find_repeats, read_rule_file

    found, problems = [], []
    for path in files:
        name = "standard input" if str(path) == "-" else str(path)
        try:
            text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        except OSError as error:
            raise PlatformError(f"cannot read {path}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise PlatformError(f"{path} is no text in UTF-8") from None
        good, bad = read_rule_file(name, text)
        found += good
        problems += bad
    problems += find_repeats(found)
    if problems:
        lines = [f"{problem.where}: {problem.sentence}" for problem in problems]
        raise PlatformError(f"{consequence}:\n  " + "\n  ".join(lines))
    return found


async def _apply(settings: Settings, found: list[Found]) -> None:
    from sinks.commands import open_commands

    async with open_commands(settings) as commands:
        await _report(commands, [await commands.define_rule(each.rule, author()) for each in found])


async def _remove(settings: Settings, rule_ids: list[str]) -> None:
    from sinks.commands import open_commands

    async with open_commands(settings) as commands:
        await _report(commands, [await commands.remove_rule(rule_id, author()) for rule_id in rule_ids])


async def _report(commands: Commands, done: list[Defined]) -> None:
    """Print what became of each, once the projection shows it or five seconds are over."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + _SHOWN_SECONDS
    for defined in done:
        shown = await commands.shown("rule", defined.id, defined.version, max(0.0, deadline - clock()))
        line = f"{defined.outcome:<9}  {defined.id}  (version {defined.version})"
        print(line if shown else f"{line}: {_NOT_SHOWN}")


def author() -> str:
    """Who gives commands here."""
    try:
        return f"cli:{getpass.getuser()}"[:64]
    except (KeyError, OSError):
        return "cli"


async def _fetch(settings: Settings) -> list[dict[str, Any]]:
    import orjson

    from sinks.postgres.connect import make_pool, transaction

    async with make_pool(settings, max_size=1) as pool, transaction(pool) as connection:
        rows = await connection.fetch(
            """SELECT rule_id, version, name, device_id, rule_type, severity, enabled, body FROM rules
            WHERE NOT removed ORDER BY rule_id"""
        )
    return [{**row, "body": orjson.loads(row["body"])} for row in rows]


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from pipeline.cli.screens import make_console

    table = Table(
        "id", "name", "device", "type", "when", "severity", "version", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for row in rows:
        enabled = "" if row["enabled"] else " (off)"
        table.add_row(
            row["rule_id"], escape(row["name"]) + enabled, row["device_id"] or "every", row["rule_type"],
            escape(describe_rule(row["body"])), row["severity"] or "", str(row["version"]),
        )  # fmt: skip
    table.columns[0].no_wrap = True  # it is what remove wants
    table.columns[0].overflow = "fold"
    make_console().print(table)
