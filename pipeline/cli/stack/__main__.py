"""What ./run does once everything is installed: start, stop, status.

python -m pipeline.cli.stack start [--background] | stop | status
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from rich.console import Console

from pipeline.cli.stack import screen
from pipeline.cli.stack.control import Supervisor
from pipeline.cli.stack.env_file import make_env_file
from pipeline.cli.stack.health import Part, look
from pipeline.cli.stack.launch import start
from pipeline.errors import PlatformError
from pipeline.settings import Settings, load_settings

HEALTHY_SECONDS = 60
POLL_SECONDS = 0.5

HOME = Path(__file__).resolve().parents[3]
RUN = HOME / ".run"

console = Console(highlight=False, soft_wrap=True)


def main() -> int:
    """Run one subcommand; return the exit code."""
    parser = argparse.ArgumentParser(prog="run")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("start").add_argument("--background", action="store_true")
    commands.add_parser("stop")
    commands.add_parser("status")
    chosen = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        if chosen.command == "start":
            return _start(chosen.background)
        return _stop() if chosen.command == "stop" else _status()
    except PlatformError as error:
        console.print(f"[bold red]run:[/] {screen.plain(str(error))}")
        return 1
    except PermissionError as error:
        console.print(f"[bold red]run:[/] {screen.plain(str(error))}: it may belong to another user")
        return 1
    except KeyboardInterrupt:
        return 130


def _start(background: bool) -> int:
    if make_env_file(HOME / ".env.example", HOME / ".env"):
        console.print("made .env with secrets of its own (only you can read it)")
    settings = load_settings(HOME / ".env")
    supervisor = Supervisor(RUN)
    if supervisor.is_running():
        console.print("it runs already")
        return _status()
    began = time.monotonic()
    try:
        process = start(HOME, settings, lambda line: _say(began, line))
        parts = _wait_until_healthy(settings, supervisor)
        screen.show_parts(console, parts)
        screen.show_outcome(console, settings, parts, time.monotonic() - began)
        if background:
            console.print("Runs in the background: ./run status, ./run logs, ./run stop")
            return 0
        console.print("[bold]Ctrl-C ends it.[/] Logs: ./run logs, in another shell.")
        return _watch(process, supervisor)
    except KeyboardInterrupt:
        # A second Ctrl-C would leave things half stopped.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        console.print("\nstopping ...")
        supervisor.shut_down()
        console.print("stopped; the data stays in .run")
        return 0


def _say(began: float, line: str) -> None:
    console.print(f"  {time.monotonic() - began:4.1f} s  {screen.plain(line)}")


def _wait_until_healthy(settings: Settings, supervisor: Supervisor) -> list[Part]:
    """Return the parts once all are up, or as they are after a minute."""
    end = time.monotonic() + HEALTHY_SECONDS
    while True:
        parts = look(settings, supervisor.processes())
        if all(part.is_up for part in parts) or time.monotonic() > end:
            return parts
        time.sleep(POLL_SECONDS)


def _watch(process: subprocess.Popen[bytes], supervisor: Supervisor) -> int:
    """Say what dies and comes back, until the supervisor ends."""
    known: dict[str, str] = {}
    while process.poll() is None:
        for each in supervisor.processes():
            if each.has_died and known.get(each.name) != each.state:
                console.print(f"  {each.name} ended and is started again: ./run logs {each.name}")
            known[each.name] = each.state
        time.sleep(POLL_SECONDS)
    console.print("it was stopped")
    return 0


def _stop() -> int:
    supervisor = Supervisor(RUN)
    if not supervisor.is_running():
        console.print("nothing runs here")
        return 0
    supervisor.shut_down()
    console.print("stopped; the data stays in .run")
    return 0


def _status() -> int:
    supervisor = Supervisor(RUN)
    if not supervisor.is_running():
        console.print("nothing runs here; ./run starts it")
        return 1
    parts = look(load_settings(HOME / ".env"), supervisor.processes())
    screen.show_parts(console, parts)
    return 0 if all(part.is_up for part in parts) else 1


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main())
