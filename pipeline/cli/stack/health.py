"""What is up right now: servers and processes, each with its address."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from dataclasses import dataclass

from pipeline.cli.stack.control import Process
from pipeline.cli.stack.local import addresses, local_servers
from pipeline.cli.stack.plan import LOOPBACK, SERVER_NAMES
from pipeline.cli.stack.probes import PROBE_SECONDS, answers
from pipeline.cli.stack.supervisor import PLATFORM
from pipeline.settings import Settings


@dataclass(frozen=True, slots=True)
class Part:
    """One row of what runs where. `state` is 'up', or says in words what it is instead."""

    name: str
    purpose: str
    address: str
    state: str

    @property
    def is_up(self) -> bool:
        """Whether it does its work."""
        return self.state == "up"


PURPOSES = {
    "mosquitto": "MQTT broker",
    "kafka": "the journal",
    "postgres": "telemetry, alerts, rules",
    "redis": "cache",
    "bridge": "MQTT to the journal",
    "detect": "rules, windows, alerts",
    "project": "fills PostgreSQL and Redis",
    "api": "REST and Socket.IO",
    "demo": "a simulated plant",
}


def look(settings: Settings, processes: list[Process]) -> list[Part]:
    """Ask every part how it is; blocks about a second per part that does not answer."""
    ours = local_servers(settings)
    parts = []
    for name in SERVER_NAMES:
        host, port = addresses(settings)[name]
        where = f"{host}:{port}" + ("" if name in ours else " (not started here)")
        parts.append(Part(name, PURPOSES[name], where, "up" if answers(name, host, port) else "does not answer"))
    ours_too = {each.name: each for each in processes if each.group == PLATFORM}
    return parts + [_process(settings, ours_too[name]) for name in PURPOSES if name in ours_too]


def _process(settings: Settings, process: Process) -> Part:
    port = {
        "bridge": settings.bridge_metrics_port,
        "detect": settings.detect_metrics_port,
        "project": settings.project_metrics_port,
        "api": settings.api_port,
    }.get(process.name, 0)
    address = f"http://{LOOPBACK}:{port}" if port else ""
    return Part(process.name, PURPOSES[process.name], address, _state(process, port))


def _state(process: Process, port: int) -> str:
    if process.state not in ("STARTING", "RUNNING"):
        return f"{process.state.lower()}: {process.detail}".rstrip(": ")
    if process.name == "api" and port:
        return api_state(port)
    if port and not _listens(port):
        return "starting"
    return "up"


def api_state(port: int) -> str:
    """Return 'up' if /health answers 200, else what it says instead."""
    url = f"http://{LOOPBACK}:{port}/health"
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            reply.read()
            return "up"
    except urllib.error.HTTPError as error:
        with error:
            return f"/health answers {error.code}{_status_word(error.read())}"
    except OSError:
        return "starting"


def _status_word(body: bytes) -> str:
    try:
        return f" ({json.loads(body)['status']})"
    except (ValueError, KeyError, TypeError):
        return ""


def _listens(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), timeout=PROBE_SECONDS).close()
    except OSError:
        return False
    return True
