"""Ports: which are free, and who holds a taken one."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path

from pipeline.cli.stack.plan import LOOPBACK

LISTENING = "0A"


def free_ports(count: int) -> list[int]:
    """Return `count` different loopback ports that nobody listens on now."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [each.getsockname()[1] for each in sockets]


def is_taken(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether a server could not listen there; a connection that is just closing does not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def holder_of(port: int) -> str:
    """Describe in words who listens on a port: 'redis-server (process 812)', as far as we may see."""
    inodes = _listening_inodes(port)
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            for descriptor in (process / "fd").iterdir():
                if os.readlink(descriptor) in inodes:
                    return f"{(process / 'comm').read_text().strip()} (process {process.name})"
    return "another user's process"


def _listening_inodes(port: int) -> set[str]:
    """Name the sockets listening on a port the way /proc/<pid>/fd names them."""
    inodes: set[str] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for row in Path(table).read_text().splitlines()[1:]:
                columns = row.split()
                if columns[3] == LISTENING and int(columns[1].rpartition(":")[2], 16) == port:
                    inodes.add(f"socket:[{columns[9]}]")
    return inodes
