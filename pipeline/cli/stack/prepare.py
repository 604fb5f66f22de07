"""Bring the disk to the state a server needs before it starts. Safe to repeat; blocks while data is made."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from pipeline.cli.stack.kafka import kafka_server
from pipeline.cli.stack.mosquitto import mosquitto_server
from pipeline.cli.stack.plan import ConfigFile, Server, ServerName, StackPlan, Step, Tools
from pipeline.cli.stack.postgres import postgres_server
from pipeline.cli.stack.redis import redis_server
from pipeline.errors import PlatformError

STEP_SECONDS = 120


def describe_servers(plan: StackPlan, tools: Tools) -> dict[ServerName, Server]:
    """Return all four servers of a plan."""
    return {
        "mosquitto": mosquitto_server(plan, tools),
        "kafka": kafka_server(plan, tools),
        "postgres": postgres_server(plan, tools),
        "redis": redis_server(plan, tools),
    }


def prepare(server: Server) -> None:
    """Make the folder, write the files, run the steps that have not been run; the server must be down.

    Raises PlatformError with the output of the step that failed.
    """
    server.directory.mkdir(parents=True, exist_ok=True)
    os.chmod(server.directory, 0o700)
    for file in server.files:
        write_private(file)
    if server.user is not None:
        for path in (server.directory, *(file.path for file in server.files)):
            shutil.chown(path, server.user)
    for step in server.steps:
        if not _is_done(step):
            _run_step(server, step)


def write_private(file: ConfigFile) -> None:
    """Write a file whole or not at all, readable by its owner only."""
    handle, name = tempfile.mkstemp(dir=file.path.parent, prefix=f".{file.path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(file.text)
    os.replace(name, file.path)


def run_as(user: str | None, command: tuple[str, ...], stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command to its end, as another user if one is given."""
    return subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=STEP_SECONDS,
        cwd="/",
        user=user,
        group=user,
        extra_groups=None if user is None else [],
    )


def _run_step(server: Server, step: Step) -> None:
    done = run_as(server.user, step.command, step.stdin)
    output = (done.stdout + done.stderr).strip()
    if done.returncode != 0 and not (step.tolerated and step.tolerated in output):
        raise PlatformError(f"{server.name}: cannot initialise its data in {server.directory}:\n{output}")
    if step.stamp is not None:
        write_private(ConfigFile(step.marker, step.stamp))


def _is_done(step: Step) -> bool:
    if step.stamp is None:
        return step.marker.exists()
    return step.marker.exists() and step.marker.read_text(encoding="utf-8") == step.stamp


def postgres_user() -> str | None:
    """Name the user PostgreSQL must run as: nobody else, unless we are root, which it refuses."""
    return "postgres" if os.geteuid() == 0 else None


def can_reach(user: str, directory: Path) -> bool:
    """Tell whether a user may enter a folder, whose parents may be closed."""
    return run_as(user, ("test", "-x", str(directory))).returncode == 0


def remove_tree(directory: Path) -> None:
    """Remove a folder; what is not there is no error."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(directory)
