"""What is to run on this machine: plain values, no decision about how it is started."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

ServerName = Literal["mosquitto", "kafka", "postgres", "redis"]
SERVER_NAMES: tuple[ServerName, ...] = get_args(ServerName)

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Tools:
    """Absolute paths of the programs that the servers are made of."""

    mosquitto: str
    redis_server: str
    java: str
    postgres_bin: Path
    kafka_jars: Path
    kafka_log_config: Path


@dataclass(frozen=True, slots=True)
class StackPlan:
    """Ports, folders and secrets of the local servers.

    `postgres_directory` stands apart because PostgreSQL refuses to run as root: when root starts the
    stack, the folder belongs to `postgres_user`, who must be able to reach it.
    """

    directory: Path
    postgres_directory: Path
    postgres_user: str | None
    mqtt_port: int
    kafka_port: int
    kafka_controller_port: int
    postgres_port: int
    redis_port: int
    db_name: str
    db_user: str
    db_password: str = field(repr=False)
    redis_password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file to write before the start; always readable by its owner only."""

    path: Path
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Step:
    """A command that has done its work once `marker` exists, and says `stamp` where there is one.

    A failure whose output contains `tolerated` counts as success: the work was done by a run that was
    cut off before it could leave the marker.
    """

    marker: Path
    command: tuple[str, ...]
    stdin: str = field(default="", repr=False)
    stamp: str | None = None
    tolerated: str | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """One server: its folder, its files, what initialises its data, and how it is run in the foreground."""

    name: ServerName
    directory: Path
    port: int
    command: tuple[str, ...]
    files: tuple[ConfigFile, ...]
    steps: tuple[Step, ...] = ()
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    inner_ports: tuple[int, ...] = ()
