"""From paho's thread to the event loop: nothing lost, nothing out of order, no wake-up missed."""

from __future__ import annotations

import asyncio
import threading

from bridge.inbox import Inbox, Received


def _message(number: int, payload: bytes = b"") -> Received:
    return Received(1, number, 1, b"t", payload, 0)


async def test_everything_arrives_in_order_and_no_wake_up_is_missed() -> None:
    inbox = Inbox(asyncio.get_running_loop(), 100_000, 2**30)
    total = 50_000

    def fill() -> None:
        for number in range(total):
            inbox.put(_message(number))

    thread = threading.Thread(target=fill)
    thread.start()
    taken: list[int] = []
    async with asyncio.timeout(30):
        while len(taken) < total:
            await inbox.wait()
            taken += [message.mid for message in inbox.take(7, 2**30)]
    thread.join()
    assert taken == list(range(total))


async def test_it_is_full_by_number_and_by_size_until_something_is_taken() -> None:
    inbox = Inbox(asyncio.get_running_loop(), 2, 100)
    inbox.put(_message(0, b"x" * 50))
    assert inbox.has_room()
    inbox.put(_message(1, b""))
    assert not inbox.has_room()
    inbox.take(1, 100)
    assert inbox.has_room()
    inbox.take(1, 100)
    inbox.put(_message(2, b"x" * 100))
    assert not inbox.has_room()


async def test_taking_keeps_to_both_limits_and_takes_at_least_one() -> None:
    inbox = Inbox(asyncio.get_running_loop(), 10, 1000)
    for number in range(4):
        inbox.put(_message(number, b"x" * 60))
    assert [message.mid for message in inbox.take(10, 1)] == [0]
    assert [message.mid for message in inbox.take(10, 61)] == [1, 2]
    assert [message.mid for message in inbox.take(10, 61)] == [3]
    assert inbox.take(10, 61) == []
