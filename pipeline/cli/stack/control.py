"""The line to the running supervisor."""

from __future__ import annotations

import http.client
import socket
import time
import xmlrpc.client
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.cli.stack.supervisor import PLATFORM, socket_path
from pipeline.errors import PlatformError

POLL_SECONDS = 0.1
STOP_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Process:
    """What the supervisor knows about one process; `detail` is its own words: pid, uptime or error."""

    name: str
    group: str
    state: str
    detail: str

    @property
    def has_died(self) -> bool:
        """Whether it ended by itself and is waiting to be started again."""
        return self.state in ("BACKOFF", "EXITED", "FATAL")


class Supervisor:
    """Talks to the supervisor of one checkout. Every method blocks for one exchange, a second at most."""

    def __init__(self, run: Path) -> None:
        self._path = socket_path(run)

    def is_running(self) -> bool:
        """Tell whether a supervisor is there, be it one that is just shutting down."""
        try:
            self._ask("getState")
        except xmlrpc.client.Fault:
            return True
        except (OSError, http.client.HTTPException):
            return False
        return True

    def pid(self) -> int:
        """Return the supervisor's process id."""
        return _number(self._ask("getPID"))

    def processes(self) -> list[Process]:
        """List all processes; empty if no supervisor runs, or it is shutting down."""
        try:
            rows: Any = self._ask("getAllProcessInfo")
        except (OSError, http.client.HTTPException, xmlrpc.client.Fault):
            return []
        return [
            Process(name=row["name"], group=row["group"], state=row["statename"], detail=row["description"])
            for row in rows
        ]

    def start_platform(self) -> None:
        """Start the platform's processes; returns at once."""
        self._ask("startProcessGroup", PLATFORM, False)

    def stop_process(self, name: str) -> None:
        """End one of the platform's processes until the next start; blocks until it is gone."""
        self._ask("stopProcess", f"{PLATFORM}:{name}", True)

    def shut_down(self) -> None:
        """End everything, platform first; blocks until the supervisor has gone. Safe to repeat.

        Raises PlatformError if it is still there after a minute.
        """
        try:
            pid = self.pid()
            self._ask("shutdown")
        except (OSError, http.client.HTTPException):
            return None  # none runs
        except xmlrpc.client.Fault:
            return self._wait_until_gone(None)  # it is shutting down already
        return self._wait_until_gone(pid)

    def _wait_until_gone(self, pid: int | None) -> None:
        end = time.monotonic() + STOP_SECONDS
        while self.is_running() or (pid is not None and is_alive(pid)):
            if time.monotonic() > end:
                raise PlatformError("the supervisor does not end; see .run/logs/supervisor.log")
            time.sleep(POLL_SECONDS)

    def _ask(self, method: str, *arguments: object) -> object:
        """Call one method of the supervisor over a connection of its own."""
        transport = _UnixTransport(self._path)
        with xmlrpc.client.ServerProxy("http://localhost", transport=transport) as proxy:
            answer: object = getattr(proxy.supervisor, method)(*arguments)
            return answer


class _UnixTransport(xmlrpc.client.Transport):
    """XML-RPC over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = _UnixConnection(self._path)
        self._connection = host, connection  # close() ends what stands here
        return connection


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        try:
            self.sock.connect(str(self._path))
        except OSError:
            self.close()
            raise


def is_alive(pid: int) -> bool:
    """Tell whether a process still does anything; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise PlatformError(f"the supervisor answered {value!r} where a number was due")
    return value
