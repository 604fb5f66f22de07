from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from agents import ownership
from agents.follower import Work
from agents.ownership import Owner, StreamStalled
from pipeline.errors import JournalMismatch, PartitionLost, PostgresUnavailable
from pipeline.journal.records import Record
from tests.support.fake_log import FakeReader, record
from tests.support.waiting import wait_until
from tests.unit.agents.test_follower import NotingWork

KEY = ("t", 0)


class Opening:
    """Opens noting work; the first times may fail."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.opened: list[NotingWork] = []
        self.make = NotingWork

    async def __call__(self, topic: str, partition: int) -> Work:
        if self.failures:
            raise self.failures.pop(0)
        self.opened.append(self.make())
        return self.opened[-1]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership, "_RETRY_SECONDS", (0.01, 0.02))
    monkeypatch.setattr(ownership, "_COMPARE_EVERY_SECONDS", 0.02)


@pytest.fixture
def reader() -> FakeReader:
    return FakeReader(end=5)


async def test_an_assigned_partition_is_opened_and_caught_up_without_any_delivery(reader: FakeReader) -> None:
    opening = Opening()
    owner = Owner("test", opening, reader)
    owner.assign([KEY])
    await wait_until(lambda: opening.opened and opening.opened[0].handled == [0, 1, 2, 3, 4], 5, "the catch-up")
    assert owner.owns(*KEY)
    await owner.close()


async def test_opening_is_tried_again_until_it_works(reader: FakeReader) -> None:
    opening = Opening(TimeoutError(), PostgresUnavailable("away"), OSError())
    owner = Owner("test", opening, reader)
    owner.assign([KEY])
    await wait_until(lambda: opening.opened, 5, "the partition to be opened")
    await owner.close()


async def test_work_that_raised_is_dropped_and_opened_anew(reader: FakeReader) -> None:
    class FailsOnce(NotingWork):
        failed = False

        async def handle(self, records: Sequence[Record]) -> None:
            if not FailsOnce.failed and records[-1].offset >= 4:
                FailsOnce.failed = True
                raise RuntimeError("void")
            await super().handle(records)

    opening = Opening()
    opening.make = FailsOnce
    owner = Owner("test", opening, reader)
    owner.assign([KEY])
    await wait_until(lambda: len(opening.opened) == 2 and opening.opened[1].position == 4, 5, "a second opening")
    await owner.close()
    assert opening.opened[1].handled == [0, 1, 2, 3, 4], "the memory of the first was kept"


async def test_a_revoked_partition_handles_nothing_more(reader: FakeReader) -> None:
    opening = Opening()
    owner = Owner("test", opening, reader)
    owner.assign([KEY])
    await wait_until(lambda: opening.opened and opening.opened[0].position == 4, 5, "the catch-up")
    owner.revoke_all()
    await owner.receive(record(5))
    assert opening.opened[0].handled == [0, 1, 2, 3, 4]
    assert not owner.owns(*KEY)
    await owner.close()


@pytest.mark.parametrize("error", [JournalMismatch("other"), PartitionLost("taken")])
async def test_what_only_a_restart_or_a_person_mends_ends_the_process(reader: FakeReader, error: Exception) -> None:
    owner = Owner("test", Opening(error), reader)
    owner.assign([KEY])
    with pytest.raises(type(error)):
        await asyncio.wait_for(owner.run(), 5)
    await owner.close()


async def test_a_partition_that_is_never_announced_any_more_is_healed_and_at_last_ends_the_process(
    reader: FakeReader,
) -> None:
    opening = Opening()
    owner = Owner("test", opening, reader)
    owner.assign([KEY])
    run = asyncio.create_task(owner.run())
    for end in range(6, 30):
        reader.end = end
        await wait_until(lambda end=end: run.done() or opening.opened[0].position == end - 1, 5, "healing")
        if run.done():
            break
    with pytest.raises(StreamStalled):
        run.result()
    await owner.close()


async def test_waiting_for_a_database_is_not_a_lack_of_progress(reader: FakeReader) -> None:
    away = Opening(*[PostgresUnavailable("away") for _ in range(1000)])
    broken = Opening(*[TimeoutError() for _ in range(1000)])
    for opening, waits in ((away, False), (broken, True)):
        owner = Owner("test", opening, reader)
        owner.assign([KEY])
        run = asyncio.create_task(owner.run())
        await wait_until(lambda opening=opening: len(opening.failures) < 995, 5, "some failures")
        await wait_until(lambda owner=owner, waits=waits: owner.progress.waiting is waits, 5, "the verdict")
        run.cancel()
        await owner.close()


async def test_a_worker_that_stood_still_longer_than_its_session_gives_up(
    reader: FakeReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "_STANDSTILL_SECONDS", -0.01)
    owner = Owner("test", Opening(), reader)
    with pytest.raises(PartitionLost, match="stood still"):
        await asyncio.wait_for(owner.run(), 5)


def test_a_worker_gives_up_before_its_session_can_have_ended_unnoticed() -> None:
    # The session runs from the last heartbeat, so a freeze that ends a session may be shorter by one interval.
    shortest_fatal_freeze = ownership.SESSION_SECONDS - ownership.HEARTBEAT_SECONDS
    assert shortest_fatal_freeze > ownership._STANDSTILL_SECONDS
