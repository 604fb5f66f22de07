from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.follower import Follower
from pipeline.journal.records import Record
from pipeline.process.watchdog import Progress
from tests.support.fake_log import FakeReader, record
from tests.support.waiting import wait_until


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


@contextlib.asynccontextmanager
async def running(made: Follower) -> AsyncIterator[None]:
    task = asyncio.create_task(made.run())
    try:
        yield
    finally:
        made.close()
        await asyncio.wait_for(task, 5)


@given(st.lists(st.integers(0, 30), max_size=60), st.integers(-1, 10))
def test_whatever_is_delivered_every_record_is_handled_once_and_in_order(delivered: list[int], start: int) -> None:
    async def scenario() -> list[int]:
        work, reader = NotingWork(start), FakeReader(end=start + 1)
        made = follower(work, reader)
        async with running(made):
            for offset in delivered:
                reader.end = max(reader.end, offset + 1)
                await made.receive(record(offset))
                await asyncio.sleep(0)
            made.heal()
            await wait_until(lambda: work.position == reader.end - 1, 5, "the end")
        return work.handled

    handled = asyncio.run(scenario())
    assert handled == list(range(start + 1, start + 1 + len(handled)))


async def test_a_tail_that_nobody_delivers_is_found_by_comparing_with_the_end() -> None:
    work, reader = NotingWork(), FakeReader(end=0)
    made = follower(work, reader)
    async with running(made):
        await wait_until(lambda: not made.waits, 5, "the catch-up")
        assert not made.stands_still(reader.end)
        reader.end = 7
        assert made.stands_still(reader.end)
        made.heal()
        await wait_until(lambda: work.handled == list(range(7)), 5, "the tail")
        assert not made.stands_still(reader.end)


async def test_records_that_aged_out_are_skipped_and_said_to_be_lost() -> None:
    work, reader = NotingWork(), FakeReader(end=12, begin=5)
    async with running(follower(work, reader)):
        await wait_until(lambda: work.position == 11, 5, "the end")
    assert work.skipped == [4]
    assert work.handled == list(range(5, 12))


async def test_a_closed_follower_handles_nothing_more() -> None:
    work, reader = NotingWork(), FakeReader(end=9)
    made = follower(work, reader)
    made.close()
    await made.receive(record(0))
    await made.run()
    assert (work.handled, work.idled) == ([], 0)


async def test_closing_stops_healing_at_the_next_batch() -> None:
    reader = FakeReader(end=1000, batch=10)

    class ClosingWork(NotingWork):
        async def handle(self, records: Sequence[Record]) -> None:
            await super().handle(records)
            made.close()

    work = ClosingWork()
    made = follower(work, reader)
    await made.run()
    assert work.handled == list(range(10))


async def test_a_follower_that_has_no_room_holds_the_deliverer_up_and_then_reads_again_what_it_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("agents.follower._ROOM_BYTES", 3)
    monkeypatch.setattr("agents.follower._ROOM_SECONDS", 0.01)
    gate = asyncio.Event()

    class SlowWork(NotingWork):
        async def handle(self, records: Sequence[Record]) -> None:
            await gate.wait()
            await super().handle(records)

    work, reader = SlowWork(), FakeReader(end=0)
    made = follower(work, reader)
    async with running(made):
        await wait_until(lambda: not made.waits, 5, "the catch-up")
        for offset in range(9):
            reader.end = offset + 1
            await asyncio.wait_for(made.receive(record(offset)), 1)
        gate.set()
        made.heal()
        await wait_until(lambda: work.handled == list(range(9)), 5, "all records")


async def test_a_follower_that_catches_up_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.follower._ROOM_BYTES", 3)
    monkeypatch.setattr("agents.follower._ROOM_SECONDS", 60)
    made = follower(NotingWork(), FakeReader(end=1000))
    for offset in range(50):
        await asyncio.wait_for(made.receive(record(offset)), 1)


async def test_records_that_come_within_the_linger_are_handled_together() -> None:
    batches: list[int] = []

    class CountingWork(NotingWork):
        async def handle(self, records: Sequence[Record]) -> None:
            batches.append(len(records))
            await super().handle(records)

    work, reader = CountingWork(), FakeReader(end=0)
    made = Follower("test", "t", 0, work, reader, Progress("test"), linger_seconds=0.3)
    async with running(made):
        await wait_until(lambda: not made.waits, 5, "the catch-up")
        for offset in range(20):
            reader.end = offset + 1
            await made.receive(record(offset))
            await asyncio.sleep(0.001)
        await wait_until(lambda: work.position == 19, 5, "all records")
    assert len(batches) == 2
    assert sum(batches) == 20


async def test_the_work_gets_its_idle_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.follower._IDLE_SECONDS", 0.01)
    work = NotingWork()
    async with running(follower(work, FakeReader(end=0))):
        await wait_until(lambda: work.idled >= 3, 5, "three idle moments")


async def test_what_the_work_raises_reaches_the_owner() -> None:
    class FailingWork(NotingWork):
        async def handle(self, records: Sequence[Record]) -> None:
            raise RuntimeError("void")

    with pytest.raises(RuntimeError, match="void"):
        await follower(FailingWork(), FakeReader(end=3)).run()
