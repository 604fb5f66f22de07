"""Asking a server for one cheap answer. Each probe returns None or a sentence, and raises nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from redis.asyncio import Redis

from pipeline.errors import PostgresUnavailable
from sinks.postgres.connect import Pool, transaction

Probe = Callable[[], Awaitable[str | None]]

PROBE_SECONDS = 3.0
_MQTT_CONNECT = bytes.fromhex("100c00044d515454040200050000")
_MQTT_CONNACK = 0x20
_MQTT_DISCONNECT = b"\xe0\x00"


def probe_mqtt(host: str, port: int) -> Probe:
    """A CONNECT of a nameless client; a refusal is an answer, too."""

    async def probe() -> str | None:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                reader, writer = await asyncio.open_connection(host, port)
                try:
                    writer.write(_MQTT_CONNECT)
                    answer = await reader.read(4)
                    writer.write(_MQTT_DISCONNECT)
                finally:
                    writer.close()
        except (OSError, TimeoutError) as error:
            return f"does not answer: {type(error).__name__}"
        return None if answer[:1] == bytes([_MQTT_CONNACK]) else "closes the connection"

    return probe


def probe_redis(client: Redis) -> Probe:
    """PING on a connection of the client's pool."""

    async def probe() -> str | None:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await client.ping()
        except Exception as error:  # the client's errors have no common base with the sockets'
            return f"does not answer: {type(error).__name__}"
        return None

    return probe


def probe_postgres(pool: Pool) -> Probe:
    """SELECT 1 on a connection of the pool."""

    async def probe() -> str | None:
        try:
            async with transaction(pool, seconds=PROBE_SECONDS) as connection:
                await connection.fetchval("SELECT 1")
        except PostgresUnavailable as error:
            return str(error)[:120]
        return None

    return probe
