"""What ./run shows."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.cli.stack.health import Part
from pipeline.settings import Settings

plain = escape
"""Text from outside, so that its brackets are not taken for markup."""


def show_parts(console: Console, parts: list[Part]) -> None:
    """Print what runs where."""
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for title in ("part", "what it does", "where", "state"):
        table.add_column(title, overflow="fold")
    for part in parts:
        state = f"[green]{part.state}[/]" if part.is_up else f"[red]{escape(part.state)}[/]"
        table.add_row(part.name, part.purpose, escape(part.address), state)
    console.print()
    console.print(table)
    console.print()


def show_outcome(console: Console, settings: Settings, parts: list[Part], seconds: float) -> None:
    """Print whether all is up, and what to do next."""
    down = [part.name for part in parts if not part.is_up]
    if down:
        console.print(f"[red]Not up after {seconds:.0f} s: {', '.join(down)}.[/] What they say: ./run logs")
        console.print("What is wrong and what to do: ./iiot doctor\n")
        return
    console.print(f"[green]All up after {seconds:.0f} s.[/] In another shell:")
    console.print("  ./iiot tail alerts        alerts as they come")
    console.print("  ./iiot status             rates and lag of every stage")
    console.print("  ./iiot --help             everything else")
    if settings.demo:
        console.print("A small simulated plant sends data; ./iiot demo remove takes it away again.")
    console.print()
