"""Nothing that the broker acknowledged is lost, whatever is killed or stopped in the middle of a burst."""

from __future__ import annotations

import asyncio
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from pipeline.events import Reading
from pipeline.journal.identity import Journal
from pipeline.settings import Settings
from tests.support.journal import JournalView
from tests.support.mqtt import Publisher
from tests.support.stack import LocalStack
from tests.support.subprocesses import Running
from tests.support.waiting import wait_until

BURST = 20_000
DEVICES = 10
OUTAGE_SECONDS = 32
"""Longer than a request to Kafka may take: nothing must be given up by then."""
START = 1_700_000_000_000


def _burst(plant: str, count: int = BURST) -> Iterator[tuple[str, bytes]]:
    for number in range(count):
        device_id = f"{plant}{number % DEVICES}"
        payload = orjson.dumps({"number": number, "even": number % 2 == 0, "timestamp": START + number})
        yield f"insa/devices/{device_id}/telemetry", payload


def _expected(plant: str, count: int = BURST) -> set[tuple[str, int, int]]:
    return {(f"{plant}{number % DEVICES}", START + number, number) for number in range(count)}


def _found(readings: list[Reading]) -> set[tuple[str, int, int]]:
    return {(reading.device_id, reading.ts, int(reading.values["number"])) for reading in readings}


async def _wait_for_tick(view: JournalView) -> None:
    async def ticked() -> bool:
        return bool(await view.ticks())

    await wait_until(ticked, 20, "a tick")


def _metric(settings: Settings, name: str) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{settings.bridge_metrics_port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


async def _wait_for_some(view: JournalView, plant: str, count: int) -> None:
    async def some() -> bool:
        return len(await view.readings(plant)) >= count

    await wait_until(some, 60, f"{count} readings in the journal")


async def _check_all_there(view: JournalView, plant: str, seconds: float = 90) -> None:
    expected = _expected(plant)

    async def everything() -> bool:
        return expected <= _found(await view.readings(plant))

    try:
        await wait_until(everything, seconds, "the whole burst in the journal")
    except AssertionError:
        missing = sorted(expected - _found(await view.readings(plant)), key=lambda item: item[2])
        raise AssertionError(f"{len(missing)} readings are missing, the first ones: {missing[:5]}") from None
    assert _found(await view.readings(plant)) == expected


async def _check_order(view: JournalView, plant: str) -> None:
    """First appearances of a device's readings stand in the order of sending."""
    for device in range(DEVICES):
        readings = await view.readings(f"{plant}{device}")
        firsts = list(dict.fromkeys(reading.ts for reading in readings))
        assert firsts == sorted(firsts)


async def test_kill_9_of_the_bridge_in_a_burst_loses_nothing(
    settings: Settings, view: JournalView, bridge: Running, plant: str
) -> None:
    with Publisher(settings) as publisher:
        sending = publisher.publish_all(_burst(plant))
        await _wait_for_some(view, plant, BURST // 10)
        bridge.kill9()
        bridge.start()
        await asyncio.to_thread(sending.join)
        await asyncio.to_thread(publisher.wait)
        assert publisher.acknowledged == BURST
        await _check_all_there(view, plant)
    await _check_order(view, plant)


async def test_kill_9_of_the_bridge_with_its_hands_full_loses_nothing(
    stack: LocalStack, settings: Settings, view: JournalView, plant: str, tmp_path: Path
) -> None:
    rarely_ticking = settings.model_copy(update={"evaluation_interval": 60.0})  # else it may have but a tick in hand
    with Running("bridge", rarely_ticking, tmp_path / "bridge.log") as bridge, Publisher(settings) as publisher:
        bridge.wait_for_events("connected", "publishing_alerts", seconds=40)
        await _wait_for_tick(view)
        # Stopped, not paused: what is in a paused server's socket would still be written.
        stack.stop("kafka")
        try:
            await asyncio.to_thread(publisher.publish_all(_burst(plant)).join)
            await asyncio.to_thread(publisher.wait)
            await wait_until(lambda: _metric(settings, "iiot_mqtt_pending") > 0, 20, "messages in the bridge's hands")
            bridge.kill9()
        finally:
            stack.start("kafka")
        bridge.start()
        await _check_all_there(view, plant)
        assert bridge.stop() == 0


async def test_kafka_stopped_for_half_a_minute_in_a_burst_loses_nothing(
    stack: LocalStack, settings: Settings, view: JournalView, bridge: Running, plant: str
) -> None:
    with Publisher(settings) as publisher:
        sending = publisher.publish_all(_burst(plant))
        await _wait_for_some(view, plant, BURST // 10)
        stack.stop("kafka")
        await asyncio.to_thread(sending.join)
        await asyncio.to_thread(publisher.wait)
        await asyncio.sleep(OUTAGE_SECONDS)
        assert bridge.is_running(), bridge.log()
        stack.start("kafka")
        await _check_all_there(view, plant)
    await _check_order(view, plant)
    assert bridge.is_running(), bridge.log()
    assert bridge.log().count("\n") < 100 * OUTAGE_SECONDS, "the bridge spins while Kafka is away"


@pytest.mark.parametrize("times", [1, 3])
async def test_the_broker_stopped_and_started_in_a_burst_loses_nothing(
    stack: LocalStack, settings: Settings, view: JournalView, bridge: Running, plant: str, times: int
) -> None:
    with Publisher(settings) as publisher:
        sending = publisher.publish_all(_burst(plant))
        for time in range(times):
            await _wait_for_some(view, plant, (time + 1) * BURST // 10)
            stack.stop("mosquitto")
            stack.start("mosquitto")
        await asyncio.to_thread(sending.join)
        await asyncio.to_thread(publisher.wait)
        await _check_all_there(view, plant)
    assert bridge.is_running(), bridge.log()


async def test_what_came_while_no_bridge_ran_is_waiting_for_it(
    settings: Settings, view: JournalView, bridge: Running, plant: str
) -> None:
    assert bridge.stop() == 0
    with Publisher(settings) as publisher:
        await asyncio.to_thread(publisher.publish_all(_burst(plant)).join)
        await asyncio.to_thread(publisher.wait)
    bridge.start()
    await _check_all_there(view, plant)
    await _check_order(view, plant)


async def test_a_standby_takes_over_when_the_active_bridge_is_killed(
    settings: Settings, journal: Journal, view: JournalView, bridge: Running, plant: str, tmp_path: Path
) -> None:
    with Running("bridge", settings, tmp_path / "standby.log") as standby, Publisher(settings) as publisher:
        await wait_until(lambda: '"event":"standing_by"' in standby.log(), 40, "the second bridge to stand by")
        sending = publisher.publish_all(_burst(plant))
        await _wait_for_some(view, plant, BURST // 10)
        assert bridge.is_running(), bridge.log()
        assert "became_active" not in standby.log()
        bridge.kill9()
        await asyncio.to_thread(sending.join)
        await asyncio.to_thread(publisher.wait)
        await _check_all_there(view, plant)
        assert "became_active" in standby.log()
        assert standby.stop() == 0


async def test_an_active_bridge_that_froze_and_wakes_up_loses_nothing_and_ends(
    settings: Settings, journal: Journal, view: JournalView, bridge: Running, plant: str, tmp_path: Path
) -> None:
    with Running("bridge", settings, tmp_path / "standby.log") as standby, Publisher(settings) as publisher:
        await wait_until(lambda: '"event":"standing_by"' in standby.log(), 40, "the second bridge to stand by")
        sending = publisher.publish_all(_burst(plant))
        await _wait_for_some(view, plant, BURST // 10)
        bridge.send(signal.SIGSTOP)
        try:
            await wait_until(lambda: "became_active" in standby.log(), 40, "the standby to take over")
        finally:
            bridge.send(signal.SIGCONT)
        await wait_until(lambda: not bridge.is_running(), 40, "the one that woke up to end")
        await asyncio.to_thread(sending.join)
        await asyncio.to_thread(publisher.wait)
        await _check_all_there(view, plant)
        assert standby.stop() == 0
