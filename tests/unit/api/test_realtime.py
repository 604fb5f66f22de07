"""The Socket.IO server: memory stays bounded, whatever clients do."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
import socketio
from aiohttp import web
from aiohttp.test_utils import TestServer

from api import realtime as module
from api.realtime import Realtime
from tests.support.waiting import wait_until


@pytest.fixture
async def server() -> AsyncIterator[tuple[Realtime, TestServer]]:
    """A server on a port of its own."""
    realtime = Realtime()
    app = web.Application()
    realtime.attach(app)
    running = TestServer(app)
    await running.start_server()
    yield realtime, running
    await realtime.close()
    await running.close()


async def connect_by_polling(session: aiohttp.ClientSession, running: TestServer) -> str:
    """A client that shakes hands and then never asks again; returns its id."""
    url = running.make_url("/socket.io/?EIO=4&transport=polling")
    async with session.get(url) as answer:
        sid: str = json.loads((await answer.text())[1:])["sid"]
    async with session.post(url.update_query(sid=sid), data="40") as answer:
        assert answer.status == 200
    return sid


async def test_a_client_that_does_not_read_is_disconnected_instead_of_remembered(
    server: tuple[Realtime, TestServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_QUEUED", 50)
    realtime, running = server
    reading = socketio.AsyncClient()
    received: list[int] = []
    reading.on("alert", lambda document: received.append(document["n"]))
    async with aiohttp.ClientSession() as session:
        await connect_by_polling(session, running)
        await reading.connect(str(running.make_url("/")))
        await wait_until(lambda: realtime.clients == 2, 5, "both clients")
        for batch in range(10):
            for number in range(batch * 20, batch * 20 + 20):
                await realtime.emit("alert", {"n": number})
            await wait_until(lambda: len(received) == number + 1, 5, "the reading client to keep up")  # noqa: B023
        assert realtime.clients == 1
        assert received == list(range(200))
    await reading.disconnect()


async def test_no_more_clients_than_the_limit_are_accepted(
    server: tuple[Realtime, TestServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_CLIENTS", 1)
    realtime, running = server
    first, second = socketio.AsyncClient(), socketio.AsyncClient(reconnection=False)
    await first.connect(str(running.make_url("/")))
    with pytest.raises(socketio.exceptions.ConnectionError):
        await second.connect(str(running.make_url("/")))
    assert realtime.clients == 1
    await first.disconnect()
    await wait_until(lambda: realtime.clients == 0, 5, "the place to be free again")
