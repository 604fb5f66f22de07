from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.follower import Follower
from pipeline.journal.records import Record
from pipeline.process.watchdog import Progress
from tests.support.fake_log import FakeReader, record


class NotingWork:
    """Notes offsets; refuses anything that does not follow the position."""

    def __init__(self, position: int = -1) -> None:
        self._position = position
        self.handled: list[int] = []
        self.skipped: list[int] = []
        self.idled = 0

    @property
    def position(self) -> int:
        return self._position

    async def handle(self, records: Sequence[Record]) -> None:
        for each in records:
            assert each.offset == self._position + 1, f"{each.offset} after {self._position}"
            await asyncio.sleep(0)
            self.handled.append(each.offset)
            self._position = each.offset

    async def skip_to(self, position: int) -> None:
        self.skipped.append(position)
        self._position = position

    async def idle(self) -> None:
        self.idled += 1


def follower(work: NotingWork, reader: FakeReader) -> Follower:
    return Follower("test", "t", 0, work, reader, Progress("test"))


@given(st.lists(st.integers(0, 30), max_size=60), st.integers(-1, 10))
def test_whatever_is_delivered_every_record_is_handled_once_and_in_order(delivered: list[int], start: int) -> None:
    async def scenario() -> list[int]:
        work, reader = NotingWork(start), FakeReader(end=start + 1)
        made = follower(work, reader)
        healing: list[asyncio.Task[None]] = []
        for offset in delivered:
            reader.end = max(reader.end, offset + 1)
            if not await made.receive(record(offset)):
                healing.append(asyncio.create_task(made.heal()))
            await asyncio.sleep(0)
        await asyncio.gather(*healing)
        await made.heal()
        assert work.position == reader.end - 1
        return work.handled

    handled = asyncio.run(scenario())
    assert handled == list(range(start + 1, start + 1 + len(handled)))


async def test_a_tail_that_nobody_delivers_is_found_by_comparing_with_the_end() -> None:
    work, reader = NotingWork(), FakeReader(end=0)
    made = follower(work, reader)
    assert not made.stands_still(reader.end)
    reader.end = 7
    assert made.stands_still(reader.end)
    await made.heal()
    assert work.handled == list(range(7))
    assert not made.stands_still(reader.end)


async def test_records_that_aged_out_are_skipped_and_said_to_be_lost() -> None:
    work, reader = NotingWork(), FakeReader(end=12, begin=5)
    await follower(work, reader).heal()
    assert work.skipped == [4]
    assert work.handled == list(range(5, 12))


async def test_a_closed_follower_handles_nothing_more() -> None:
    work, reader = NotingWork(), FakeReader(end=9)
    made = follower(work, reader)
    made.close()
    assert await made.receive(record(0))
    await made.heal()
    await made.idle()
    assert (work.handled, work.idled) == ([], 0)


async def test_closing_stops_healing_at_the_next_batch() -> None:
    reader = FakeReader(end=1000, batch=10)

    class ClosingWork(NotingWork):
        async def handle(self, records: Sequence[Record]) -> None:
            await super().handle(records)
            made.close()

    work = ClosingWork()
    made = follower(work, reader)
    await made.heal()
    assert work.handled == list(range(10))


async def test_what_the_work_raises_reaches_the_owner() -> None:
    class FailingWork(NotingWork):
        async def handle(self, records: Sequence[Record]) -> None:
            raise RuntimeError("void")

    made = follower(FailingWork(), FakeReader(end=3))
    with pytest.raises(RuntimeError, match="void"):
        await made.heal()
    with pytest.raises(RuntimeError, match="void"):
        await made.receive(record(0))
