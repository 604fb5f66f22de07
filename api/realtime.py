"""The Socket.IO server: who is connected, and sending to all of them.

Clients only listen; what they send is ignored, except `ping_server`, which nobody needs to know. A client that reads
more slowly than events come is disconnected rather than remembered without bound: it reconnects and goes on.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import orjson
import socketio
from aiohttp import web

from api.loopback import is_loopback
from pipeline.process import metrics
from pipeline.process.logs import get_log

MAX_MESSAGE_BYTES = 64 * 1024
MAX_CLIENTS = 500
MAX_QUEUED = 2_000
"""Packets waiting for one client before it is disconnected."""


class _Json:
    """What python-socketio wants of a JSON module, with orjson inside."""

    @staticmethod
    def dumps(value: Any, **_: Any) -> str:
        """Encode."""
        return orjson.dumps(value).decode()

    @staticmethod
    def loads(text: str | bytes, **_: Any) -> Any:
        """Decode."""
        return orjson.loads(text)


class Realtime:
    """The server and its clients."""

    def __init__(self) -> None:
        self._log = get_log("realtime")
        self._clients: set[str] = set()
        self._server = socketio.AsyncServer(
            async_mode="aiohttp",
            cors_allowed_origins=_is_own_page,
            cors_credentials=False,
            max_http_buffer_size=MAX_MESSAGE_BYTES,
            json=_Json,
        )
        self._server.on("connect", self._connected)
        self._server.on("disconnect", self._disconnected)

    def attach(self, app: web.Application) -> None:
        """Serve /socket.io/ on the application."""
        self._server.attach(app, socketio_path="socket.io")

    @property
    def clients(self) -> int:
        """How many are connected."""
        return len(self._clients)

    async def emit(self, event: str, document: dict[str, Any]) -> None:
        """Queue an event for every client; never waits for a slow one."""
        if not self._clients:
            return
        await self._server.emit(event, document)
        metrics.SOCKET_EMITTED.labels(event).inc()
        await self._shed()

    async def close(self) -> None:
        """Disconnect everybody."""
        await self._server.shutdown()

    async def _connected(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        if len(self._clients) >= MAX_CLIENTS:
            raise socketio.exceptions.ConnectionRefusedError(f"{MAX_CLIENTS} clients are connected; try again later")
        self._clients.add(sid)
        metrics.SOCKET_CLIENTS.set(len(self._clients))

    async def _disconnected(self, sid: str, reason: str = "") -> None:
        self._clients.discard(sid)
        metrics.SOCKET_CLIENTS.set(len(self._clients))

    async def _shed(self) -> None:
        for transport_id, transport in list(self._server.eio.sockets.items()):
            if transport.queue.qsize() > MAX_QUEUED:
                self._log.warning("slow_client_disconnected", queued=transport.queue.qsize())
                # An orderly close would wait behind what it does not read.
                await transport.close(wait=False, abort=True)
                self._server.eio.sockets.pop(transport_id, None)


def _is_own_page(origin: str | None, environ: dict[str, Any]) -> bool:
    """Whether a page's origin is this server under a loopback name; programs send none and are not asked."""
    if not origin:
        return False
    parts = urlsplit(origin)
    return parts.netloc == environ.get("HTTP_HOST") and is_loopback(parts.hostname or "")
