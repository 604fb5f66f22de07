"""supervisord.conf: everything that is kept alive, and how it is ended."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from pipeline.cli.stack.plan import Server
from pipeline.errors import PlatformError

SERVERS, PLATFORM = "servers", "platform"

SOCKET_PATH_LIMIT = 107
SOCKET_SUFFIX_ROOM = 12
"""The supervisor first makes its socket under a name with its process id added."""


@dataclass(frozen=True, slots=True)
class Program:
    """One process to keep alive."""

    name: str
    group: str
    command: tuple[str, ...]
    directory: Path
    user: str | None = None
    stop_signal: str = "TERM"


def server_program(server: Server) -> Program:
    """Return what keeps a server alive; it starts in `/`, which its user can always enter."""
    return Program(
        name=server.name,
        group=SERVERS,
        command=server.command,
        directory=Path("/"),
        user=server.user,
        stop_signal=server.stop_signal.name.removeprefix("SIG"),
    )


def platform_programs(home: Path, demo: bool) -> tuple[Program, ...]:
    """Return the platform's own processes, each one subcommand of `iiot`."""
    commands = {"bridge": ("bridge",), "detect": ("detect",), "project": ("project",), "api": ("api",)}
    if demo:
        commands["demo"] = ("demo", "run")  # type: ignore[assignment]
    iiot = str(home / ".venv" / "bin" / "iiot")
    return tuple(
        Program(name=name, group=PLATFORM, command=(iiot, *arguments), directory=home)
        for name, arguments in commands.items()
    )


def socket_path(run: Path) -> Path:
    """Return where the supervisor listens.

    Raises PlatformError if the path is longer than a unix socket's may be.
    """
    path = run / "supervisor.sock"
    if len(bytes(path)) > SOCKET_PATH_LIMIT - SOCKET_SUFFIX_ROOM:
        raise PlatformError(f"the path of this folder is too long for a unix socket: {path}\nMove it up.")
    return path


def supervisor_config(run: Path, programs: tuple[Program, ...]) -> str:
    """Return the whole file. Servers start at once; the platform when it is told to.

    At the end the supervisor stops the group with the highest priority first, so the platform goes
    before the servers it needs.
    """
    socket = socket_path(run)
    head = f"""\
[unix_http_server]
file={_escape(socket)}
chmod=0700

[supervisord]
nodaemon=true
logfile={_escape(run / "logs" / "supervisor.log")}
logfile_maxbytes=5MB
logfile_backups=1
pidfile={_escape(run / "supervisor.pid")}
silent=true

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
    groups = [
        f"[group:{group}]\nprograms={','.join(names)}\npriority={priority}\n"
        for group, priority in ((SERVERS, 100), (PLATFORM, 200))
        if (names := [program.name for program in programs if program.group == group])
    ]
    return "\n".join([head, *(_program(run, program) for program in programs), *groups])


def _program(run: Path, program: Program) -> str:
    # Should the supervisor be killed, the kernel ends its children: none is left to hold a port.
    guarded = ("setpriv", "--pdeathsig", program.stop_signal, "--", *program.command)
    is_server = program.group == SERVERS
    lines = [
        f"[program:{program.name}]",
        f"command={_escape(shlex.join(guarded))}",
        f"directory={_escape(program.directory)}",
        f"autostart={'true' if is_server else 'false'}",
        "autorestart=true",
        # What ends sooner than this waits before its next start: a second, then two, then three, ...
        f"startsecs={1 if is_server else 5}",
        "startretries=1000000",
        f"stopsignal={program.stop_signal}",
        f"stopwaitsecs={30 if is_server else 10}",
        "stopasgroup=true",
        "killasgroup=true",
        "redirect_stderr=true",
        f"stdout_logfile={_escape(run / 'logs' / f'{program.name}.log')}",
        "stdout_logfile_maxbytes=20MB",
        "stdout_logfile_backups=3",
    ]
    if program.user is not None:
        lines.append(f"user={program.user}")
    return "\n".join(lines) + "\n"


def _escape(value: str | Path) -> str:
    """Keep the supervisor from expanding a percent sign that stands in a path."""
    return str(value).replace("%", "%%")
