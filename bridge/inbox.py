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
    """A bounded queue from one thread to one event loop, in the order of arrival."""

    def __init__(self, loop: asyncio.AbstractEventLoop, room: int) -> None:
        self._loop = loop
        self._room = room
        self._messages: deque[Received] = deque()
        self._arrived = asyncio.Event()

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, message: Received) -> bool:
        """Append from paho's thread without blocking; False if there is no room."""
        if len(self._messages) >= self._room:
            return False
        self._messages.append(message)
        # Only the first wakes the loop. Looking after appending, never before, misses no one: the loop
        # takes what it counted, so a message it didn't count is either the first again or was woken for.
        if len(self._messages) == 1:
            self._loop.call_soon_threadsafe(self._arrived.set)
        return True

    async def wait(self) -> None:
        """Return once there is a message."""
        while not self._messages:
            self._arrived.clear()
            if self._messages:
                return
            await self._arrived.wait()

    def take(self, limit: int) -> list[Received]:
        """Take up to `limit` messages, oldest first; does not block."""
        return [self._messages.popleft() for _ in range(min(limit, len(self._messages)))]
