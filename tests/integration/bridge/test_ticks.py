"""Time passes only while the bridge hears everything the broker has."""

from __future__ import annotations

import asyncio
import time

import orjson

from pipeline.events import Readings, Ticked
from pipeline.settings import Settings
from tests.support.journal import JournalView
from tests.support.mqtt import Publisher
from tests.support.stack import LocalStack
from tests.support.subprocesses import Running
from tests.support.waiting import wait_until

BACKLOG = 20_000


async def _wait_for_ticks(view: JournalView, more: int) -> None:
    before = len(await view.ticks())

    async def enough() -> bool:
        return len(await view.ticks()) >= before + more

    await wait_until(enough, 40, f"{more} more ticks")


async def _ticks_within(view: JournalView, seconds: float) -> int:
    """How many ticks are added to a partition in a time."""
    before = len(await view.ticks())
    await asyncio.sleep(seconds)
    return len(await view.ticks()) - before


async def test_every_partition_ticks_once_an_interval(settings: Settings, view: JournalView, bridge: Running) -> None:
    await _wait_for_ticks(view, 10)
    events = await view.events()
    ticks = [(record, event) for record, event in events if isinstance(event, Ticked)]
    partitions = {record.partition for record, _ in ticks}
    assert len(partitions) == settings.kafka_partitions
    assert {event.interval_ms for _, event in ticks} == {200}
    for partition in partitions:
        times = [record.timestamp for record, _ in ticks if record.partition == partition]
        assert len(times) - 1 <= (times[-1] - times[0]) / 200 + 1


async def test_ticks_stop_while_the_broker_is_away_and_go_on_when_it_is_back(
    stack: LocalStack, view: JournalView, bridge: Running
) -> None:
    await _wait_for_ticks(view, 2)
    stack.stop("mosquitto")
    try:
        assert await _ticks_within(view, 0.5) <= 1
        assert await _ticks_within(view, 2) == 0
    finally:
        stack.start("mosquitto")
    await _wait_for_ticks(view, 3)


async def test_ticks_stop_while_kafka_is_away_and_are_not_made_up_for(
    stack: LocalStack, view: JournalView, bridge: Running
) -> None:
    await _wait_for_ticks(view, 2)
    stack.pause("kafka")
    paused = time.time_ns() // 1_000_000
    try:
        await asyncio.sleep(5)
    finally:
        stack.resume("kafka")
    resumed = time.time_ns() // 1_000_000
    await _wait_for_ticks(view, 5)
    times = [record.timestamp for record in await view.ticks()]
    assert sum(paused + 100 < at < resumed for at in times) <= 1
    after = [at for at in times if at >= resumed]
    assert len(after) <= (after[-1] - after[0]) / 200 + 2


async def test_no_tick_overtakes_a_backlog(settings: Settings, view: JournalView, bridge: Running, plant: str) -> None:
    assert bridge.stop() == 0
    with Publisher(settings) as publisher:
        for number in range(BACKLOG):
            payload = orjson.dumps({"n": number, "timestamp": 1_700_000_000_000 + number})
            publisher.publish(f"insa/devices/{plant}{number % 10}/telemetry", payload)
        await asyncio.to_thread(publisher.wait)
    await view.refresh()
    before = len(await view.events())
    bridge.start()

    async def all_there() -> bool:
        return len({reading[:2] for reading in await view.readings(plant)}) == BACKLOG

    await wait_until(all_there, 60, "the backlog in the journal")
    await _wait_for_ticks(view, 2)
    for partition in range(settings.kafka_partitions):
        kinds = [
            type(event)
            for record, event in (await view.events())[before:]
            if record.partition == partition and not (isinstance(event, Readings) and not _of(event, plant))
        ]
        first_tick = kinds.index(Ticked)
        assert Readings not in kinds[first_tick:], "a tick stands before readings that had waited longer"


def _of(frame: Readings, plant: str) -> bool:
    return any(reading.device_id.startswith(plant) for reading in frame.entries)
