"""`iiot status`: one screen on which every stage says how it is."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.failures import silence_kafka

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pipeline.cli.stages import Sample
    from pipeline.settings import Settings

_BETWEEN_SECONDS = 1.0


def status(
    watch: Annotated[bool, typer.Option("--watch", help="Look again and again; Ctrl-C stops.")] = False,
) -> None:
    """Show every stage from MQTT to alerts: its rate, how far it is behind, and in words what is wrong.

    Ends with 1 if anything is.
    """
    from pipeline.settings import load_settings

    settings = load_settings()
    silence_kafka()
    with contextlib.suppress(KeyboardInterrupt):
        if not asyncio.run(_watch(settings) if watch else _once(settings)):
            raise typer.Exit(1)


async def _once(settings: Settings) -> bool:
    from pipeline.cli.sampling import take_sample
    from pipeline.cli.screens import make_console

    before = await take_sample(settings)
    await asyncio.sleep(_BETWEEN_SECONDS)
    screen, well = draw(before, await take_sample(settings))
    make_console().print(screen)
    return well


async def _watch(settings: Settings) -> bool:
    from rich.live import Live

    from pipeline.cli.sampling import take_sample

    before = await take_sample(settings)
    with Live(auto_refresh=False) as live:
        while True:
            await asyncio.sleep(_BETWEEN_SECONDS)
            now = await take_sample(settings)
            live.update(draw(before, now)[0], refresh=True)
            before = now


def draw(before: Sample, now: Sample) -> tuple[RenderableType, bool]:
    """The screen, and whether all is well."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from pipeline.cli.stages import describe_stages

    stages = describe_stages(before, now)
    table = Table("", "stage", "", "rate", "behind", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in (3, 4):
        table.columns[column].justify = "right"
    for stage in stages:
        mark = Text("ok", "green") if stage.trouble is None else Text("!!", "bold red")
        table.add_row(mark, stage.name, stage.does, stage.rate, stage.behind)
    troubles = [stage.trouble for stage in stages if stage.trouble is not None]
    below = [Text(f"!! {trouble}", "red") for trouble in troubles]
    if now.stored is not None:
        held = (
            f"{now.stored.devices:,} devices, {now.stored.rules:,} rules, {now.stored.telemetry_rows:,} values stored"
        )
        below.append(Text(held))
    if troubles:
        below.append(Text("what is wrong with a server, and what to do: iiot doctor"))
    return Group(table, Text(), *below), not troubles
