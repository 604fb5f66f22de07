"""What the broker delivered and nobody has taken yet: filled by paho's thread, emptied by the event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple


class Received(NamedTuple):
    """One message as it came. `epoch` counts connections: message ids mean nothing beyond theirs."""

    epoch: int
    mid: int
    qos: int
    topic: bytes
    payload: bytes
    received_at: int


class Inbox:
    """A queue from one thread to one event loop, in the order of arrival.

    It says when it is full; who fills it must then stop reading.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, room: int, room_bytes: int) -> None:
        self._loop = loop
        self._room = room
        self._room_bytes = room_bytes
        self._messages: deque[Received] = deque()
        self._arrived = asyncio.Event()
        # Each is written by one of the two threads only.
        self._bytes_put = 0
        self._bytes_taken = 0

    def __len__(self) -> int:
        return len(self._messages)

    def has_room(self) -> bool:
        """Whether more should be read; may be asked by any thread."""
        return len(self._messages) < self._room and self._bytes_put - self._bytes_taken < self._room_bytes

    def put(self, message: Received) -> None:
        """Append from paho's thread; does not block."""
        self._bytes_put += len(message.payload)
        self._messages.append(message)
        # Only the first wakes the loop. Looking after appending, never before, misses no one: the loop
        # takes what it counted, so a message it didn't count is either the first again or was woken for.
        if len(self._messages) == 1:
            self._loop.call_soon_threadsafe(self._arrived.set)

    async def wait(self) -> None:
        """Return once there is a message."""
        while not self._messages:
            self._arrived.clear()
            if self._messages:
                return
            await self._arrived.wait()

    def take(self, limit: int, limit_bytes: int) -> list[Received]:
        """Take messages, oldest first: at least one if there is any, and none beyond either limit; does not block."""
        taken: list[Received] = []
        size = 0
        for _ in range(min(limit, len(self._messages))):
            if size >= limit_bytes:
                break
            message = self._messages.popleft()
            size += len(message.payload)
            taken.append(message)
        self._bytes_taken += size
        return taken
