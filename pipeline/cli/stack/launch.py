"""Start and stop everything in the right order."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from pipeline.cli.stack.control import Supervisor
from pipeline.cli.stack.local import local_servers, plan_for, ports_needed
from pipeline.cli.stack.places import place_postgres, place_run_directory
from pipeline.cli.stack.plan import LOOPBACK, ConfigFile, Server, ServerName
from pipeline.cli.stack.ports import holder_of, is_taken
from pipeline.cli.stack.prepare import describe_servers, postgres_user, prepare, write_private
from pipeline.cli.stack.probes import answers
from pipeline.cli.stack.supervisor import (
    Program,
    platform_programs,
    server_program,
    supervisor_config,
)
from pipeline.cli.stack.tools import find_tools
from pipeline.errors import PlatformError
from pipeline.settings import Settings

SERVER_SECONDS = 60
POLL_SECONDS = 0.1

Say = Callable[[str], None]


@contextmanager
def only_one_start(run: Path) -> Iterator[None]:
    """Keep a second start of the same checkout out. Raises PlatformError at once if one is under way."""
    with (run / "start.lock").open("w") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise PlatformError("another ./run is starting here; ./run status shows how far it is") from None
        yield


def start(home: Path, settings: Settings, say: Say) -> subprocess.Popen[bytes]:
    """Start servers, then migrations and topics, then the platform; blocks until all of it is up.

    Returns the supervisor's process. Raises PlatformError that says what did not start and why; then
    nothing is left running.
    """
    run = place_run_directory(home)
    with only_one_start(run):
        check_ports(settings)
        servers = _prepare_servers(home, run, settings, say)
        programs = (
            *(server_program(server) for server in servers),
            *platform_programs(home, settings.demo),
        )
        process = _start_supervisor(home, run, programs)
        supervisor = Supervisor(run)
        try:
            _bring_up(home, run, servers, supervisor, say)
        except BaseException:
            supervisor.shut_down()
            process.terminate()
            process.wait()
            raise
        return process


def check_ports(settings: Settings) -> None:
    """Raise PlatformError that lists every taken port, who holds it, and the variable to change."""
    taken = [
        f"port {port} ({variable}) is taken by {holder_of(port)}"
        for port, variable in ports_needed(settings).items()
        if is_taken(port)
    ]
    if taken:
        raise PlatformError(
            "\n".join(taken) + "\nStop what holds it, or choose another port in .env. To use a server that runs here"
            " already, leave its name out of LOCAL_SERVERS in .env."
        )


def _prepare_servers(home: Path, run: Path, settings: Settings, say: Say) -> list[Server]:
    names = local_servers(settings)
    if not names:
        return []
    user = postgres_user()
    plan = plan_for(settings, run, place_postgres(run, user) if "postgres" in names else run, user)
    described = describe_servers(plan, find_tools(home))
    servers = [described[name] for name in names]
    say(f"preparing {', '.join(names)}")
    with ThreadPoolExecutor() as pool:
        list(pool.map(prepare, servers))
    return servers


def _start_supervisor(home: Path, run: Path, programs: tuple[Program, ...]) -> subprocess.Popen[bytes]:
    config = run / "supervisord.conf"
    write_private(ConfigFile(config, supervisor_config(run, programs)))
    (run / "supervisor.sock").unlink(missing_ok=True)
    with (run / "logs" / "supervisor.out").open("wb") as out:
        return subprocess.Popen(
            (sys.executable, "-m", "supervisor.supervisord", "-c", str(config)),
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=home,
            env=os.environ | {"IIOT_ENV_FILE": str(home / ".env")},
            # Its own session: Ctrl-C is for the one who started it, who ends it in order.
            start_new_session=True,
        )  # fmt: skip


def _bring_up(home: Path, run: Path, servers: list[Server], supervisor: Supervisor, say: Say) -> None:
    """Wait for each server; what needs only one of them does not wait for the others."""
    by_name = {server.name: server for server in servers}
    give_up = threading.Event()

    def after(name: ServerName, *command: str) -> None:
        if name in by_name:
            wait_for_server(run, by_name[name], supervisor, give_up)
            say(f"{name} is up")
        if command:
            _iiot(home, *command)
            say(f"iiot {' '.join(command)}: done")

    with ThreadPoolExecutor() as pool:
        try:
            work = [
                pool.submit(after, "postgres", "migrate"),
                pool.submit(after, "kafka", "topics", "create"),
                pool.submit(after, "mosquitto"),
                pool.submit(after, "redis"),
            ]
            for each in as_completed(work):
                each.result()
        except BaseException:
            give_up.set()
            raise
    supervisor.start_platform()
    say("starting the platform's processes")


def wait_for_server(run: Path, server: Server, supervisor: Supervisor, give_up: threading.Event) -> None:
    """Block until a server answers or `give_up` is set.

    Raises PlatformError with the end of its log if it dies on the way or is not up after a minute.
    """
    end = time.monotonic() + SERVER_SECONDS
    while not answers(server.name, LOOPBACK, server.port):
        died = any(each.name == server.name and each.has_died for each in supervisor.processes())
        if give_up.wait(POLL_SECONDS):
            return
        if died or time.monotonic() > end:
            raise PlatformError(f"{server.name} did not start:\n{log_end(run, server.name)}")


def log_end(run: Path, name: str, lines: int = 15) -> str:
    """Return the last lines of a process's log."""
    path = run / "logs" / f"{name}.log"
    if not path.exists():
        return f"(no log in {path})"
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def _iiot(home: Path, *arguments: str) -> None:
    done = subprocess.run(
        (str(home / ".venv" / "bin" / "iiot"), *arguments),
        env=os.environ | {"IIOT_ENV_FILE": str(home / ".env")},
        cwd=home, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode != 0:
        raise PlatformError(f"iiot {' '.join(arguments)} failed:\n{(done.stdout + done.stderr).strip()}")
