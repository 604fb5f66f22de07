"""`iiot demo`: a small plant with rules, so that there is something to see at once."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import typer

from pipeline.cli.failures import reaching_kafka, reaching_postgres

if TYPE_CHECKING:
    from pipeline.settings import Settings

app = typer.Typer(help="A small simulated plant with rules, so that there is something to see.", no_args_is_help=True)
_BY = "demo"
_INTERVAL_MS = 1000


@app.command()
def run() -> None:
    """Define the demonstration's devices and rules and send for them until stopped. ./run starts this by itself."""
    from pipeline.cli.simulating import run_plant
    from pipeline.settings import load_settings
    from pipeline.simulation.demo import demo_plant

    settings = load_settings()
    with reaching_kafka(settings), reaching_postgres(settings):
        defined = asyncio.run(_define(settings))
    print(f"{defined} devices and rules defined; iiot demo remove takes them away again", flush=True)
    run_plant(demo_plant(time.time_ns() // 1_000_000), _INTERVAL_MS, None, 1.0)


@app.command()
def remove() -> None:
    """Stop the simulated plant that ./run started and remove its devices and rules. What they sent stays."""
    from pipeline.settings import load_settings

    settings = load_settings()
    if stop_plant():
        print("stopped the simulated plant")
    with reaching_kafka(settings), reaching_postgres(settings):
        removed = asyncio.run(_remove(settings))
    for line in removed:
        print(line)
    print("to start without it: DEMO=0 ./run, or DEMO=0 in .env" if removed else "there was nothing to remove")


def stop_plant() -> bool:
    """End the plant that the supervisor of this checkout runs; False if it runs none."""
    from pipeline.cli.stack.control import Supervisor
    from pipeline.settings import env_file_path

    supervisor = Supervisor(env_file_path().resolve().parent / ".run")
    running = any(each.name == "demo" and each.state in ("RUNNING", "STARTING") for each in supervisor.processes())
    if running:
        supervisor.stop_process("demo")
    return running


async def _define(settings: Settings) -> int:
    from pipeline.rules.model import parse_rule
    from pipeline.simulation.demo import DEMO_DEVICES, DEMO_RULES, device_record
    from sinks.commands import open_commands

    async with open_commands(settings) as commands:
        for device in DEMO_DEVICES:
            await commands.define_device(device_record(device), _BY)
        for rule in DEMO_RULES:
            await commands.define_rule(parse_rule(rule), _BY)
    return len(DEMO_DEVICES) + len(DEMO_RULES)


async def _remove(settings: Settings) -> list[str]:
    from pipeline.errors import NotFound
    from pipeline.simulation.demo import DEMO_DEVICES, DEMO_RULES
    from sinks.commands import open_commands

    lines = []
    async with open_commands(settings) as commands:
        removals = [
            *((commands.remove_rule, "rule", str(rule["rule_id"])) for rule in DEMO_RULES),
            *((commands.remove_device, "device", device.device_id) for device in DEMO_DEVICES),
        ]
        for command, kind, name in removals:
            try:
                done = await command(name, _BY)
            except NotFound:
                continue
            if done.outcome == "removed":
                lines.append(f"removed {kind} {name}")
    return lines
