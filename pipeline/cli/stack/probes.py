"""Whether a server answers: one exchange of its own protocol, nothing more.

Each probe blocks at most PROBE_SECONDS, raises nothing and is safe to repeat. An answer means that the
server serves requests, not that a password is right: `iiot doctor` looks at that.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable

from pipeline.cli.stack.plan import ServerName

PROBE_SECONDS = 1.0

MQTT_CONNECT = bytes.fromhex("100c00044d515454040200010000")
MQTT_CONNACK = 0x20
KAFKA_API_VERSIONS = struct.pack(">ihhih", 10, 18, 0, 1, -1)
POSTGRES_START = b"user\0probe\0database\0probe\0\0"
POSTGRES_AUTHENTICATION = b"R"


def answers(name: ServerName, host: str, port: int) -> bool:
    """Tell whether the server `name` answers at an address."""
    try:
        with socket.create_connection((host, port), timeout=PROBE_SECONDS) as connection:
            connection.settimeout(PROBE_SECONDS)
            return PROBES[name](connection)
    except OSError:
        return False


def _mosquitto(connection: socket.socket) -> bool:
    """Any CONNACK will do: a broker that wants a password is up, too."""
    connection.sendall(MQTT_CONNECT)
    reply = connection.recv(4)
    return reply[:1] == bytes([MQTT_CONNACK])


def _kafka(connection: socket.socket) -> bool:
    """A node answers ApiVersions only once it has joined its cluster and serves."""
    connection.sendall(KAFKA_API_VERSIONS)
    return len(connection.recv(8)) > 0


def _postgres(connection: socket.socket) -> bool:
    """A server that is starting or stopping answers with an error; one that is up asks for a password,

    or refuses this user with an error of class 28 (invalid authorization).
    """
    body = struct.pack(">i", 3 << 16) + POSTGRES_START
    connection.sendall(struct.pack(">i", len(body) + 4) + body)
    reply = connection.recv(512)
    return reply[:1] == POSTGRES_AUTHENTICATION or b"C28" in reply


def _redis(connection: socket.socket) -> bool:
    """PONG, or NOAUTH from one that wants a password; LOADING is not up."""
    connection.sendall(b"PING\r\n")
    reply = connection.recv(64)
    return reply.startswith((b"+PONG", b"-NOAUTH"))


PROBES: dict[ServerName, Callable[[socket.socket], bool]] = {
    "mosquitto": _mosquitto,
    "kafka": _kafka,
    "postgres": _postgres,
    "redis": _redis,
}
