"""From paho's thread to the event loop: nothing lost, nothing out of order, no wake-up missed."""

from __future__ import annotations

import asyncio
import threading

from bridge.inbox import Inbox, Received


def _message(number: int) -> Received:
    return Received(1, number, 1, b"t", b"", 0)


async def test_everything_arrives_in_order_and_no_wake_up_is_missed() -> None:
    inbox = Inbox(asyncio.get_running_loop(), 100_000)
    total = 50_000

    def fill() -> None:
        for number in range(total):
            assert inbox.put(_message(number))

    thread = threading.Thread(target=fill)
    thread.start()
    taken: list[int] = []
    async with asyncio.timeout(30):
        while len(taken) < total:
            await inbox.wait()
            taken += [message.mid for message in inbox.take(7)]
    thread.join()
    assert taken == list(range(total))


async def test_what_finds_no_room_is_refused() -> None:
    inbox = Inbox(asyncio.get_running_loop(), 2)
    assert [inbox.put(_message(number)) for number in range(3)] == [True, True, False]
    assert [message.mid for message in inbox.take(9)] == [0, 1]
    assert inbox.put(_message(3))
