"""Detection workers are killed and paused under load: no alert is missing, none is extra, repeats are identical."""

from __future__ import annotations

import asyncio

from pipeline.alerts import AlertEvent
from pipeline.journal.identity import Journal
from pipeline.journal.writer import JournalWriter
from pipeline.settings import Settings
from tests.support import sawtooth
from tests.support.topics import distinct, read_outputs
from tests.support.waiting import wait_until
from tests.support.workers import Worker

DEVICES = 40


def said(events: list[AlertEvent]) -> set[tuple[str, str, int]]:
    return {(event.device_id, event.transition, event.at) for event in events}


async def until_said(settings: Settings, expected: set[tuple[str, str, int]], seconds: float) -> None:
    async def complete() -> bool:
        return expected <= said(list(distinct(await read_outputs(settings)).values()))

    await wait_until(complete, seconds, f"{len(expected)} alert events")


async def check(settings: Settings, expected: set[tuple[str, str, int]]) -> int:
    """Every expected transition once, with gapless sequences; returns how many records were repeats."""
    outputs = await read_outputs(settings)
    events = distinct(outputs)
    assert said(list(events.values())) == expected
    assert len(events) == len(expected), "the same transition under two ids"
    for alert_id, sequence in events:
        assert sequence == 1 or (alert_id, sequence - 1) in events
    return len(outputs) - len(events)


async def feed(writer: JournalWriter, first: int, last: int, pause: float = 0.0) -> None:
    for partition, frame in sawtooth.frames(DEVICES, first, last, writer.partitions):
        await writer.append_frame(partition, frame)
        if pause:
            await asyncio.sleep(pause)


async def test_a_worker_that_starts_again_goes_on_from_its_snapshot(
    kafka_settings: Settings, writer: JournalWriter, started: list[Worker]
) -> None:
    await writer.append(sawtooth.rule())
    await feed(writer, 0, 100)
    first = Worker(kafka_settings, "detect", name="detect")
    started.append(first)
    await until_said(kafka_settings, sawtooth.transitions(DEVICES, 100), 40)
    assert first.stop() == 0
    await feed(writer, 100, 200)
    second = Worker(kafka_settings, "detect", name="detect-again")
    started.append(second)
    await until_said(kafka_settings, sawtooth.transitions(DEVICES, 200), 40)
    assert await check(kafka_settings, sawtooth.transitions(DEVICES, 200)) == 0
    taken = second.events("taken")
    assert len(taken) == writer.partitions
    assert all(line["position"] >= 0 for line in taken), "no snapshot was loaded"


async def test_killing_one_worker_of_two_and_then_the_other_loses_and_invents_nothing(
    kafka_settings: Settings, writer: JournalWriter, started: list[Worker]
) -> None:
    await writer.append(sawtooth.rule())
    one = Worker(kafka_settings, "detect", name="one")
    two = Worker(kafka_settings, "detect", name="two")
    started += [one, two]
    one.wait_for("opened", 40)
    two.wait_for("opened", 40)

    feeding = asyncio.create_task(feed(writer, 0, 600, pause=0.02))
    await until_said(kafka_settings, sawtooth.transitions(DEVICES, 100), 40)
    one.kill9()
    three = Worker(kafka_settings, "detect", name="three")
    started.append(three)
    await until_said(kafka_settings, sawtooth.transitions(DEVICES, 300), 60)
    two.kill9()
    await feeding
    await until_said(kafka_settings, sawtooth.transitions(DEVICES, 600), 60)
    await check(kafka_settings, sawtooth.transitions(DEVICES, 600))


async def test_a_worker_paused_in_a_snapshot_harms_nothing_when_it_wakes_and_stops(
    kafka_settings: Settings, writer: JournalWriter, started: list[Worker], journal: Journal
) -> None:
    await writer.append(sawtooth.rule())
    # Paused from within, half-way through the pieces of a snapshot: the moment that a signal from outside rarely hits.
    script = (
        "import sys, os, signal\n"
        "from agents.detect import snapshot_store\n"
        "original, calls = snapshot_store.SnapshotStore._send, [0]\n"
        "async def send(self, partition, item):\n"
        "    calls[0] += 1\n"
        "    if calls[0] == 12: os.kill(os.getpid(), signal.SIGSTOP)\n"
        "    return await original(self, partition, item)\n"
        "snapshot_store.SnapshotStore._send = send\n"
        "from pipeline.cli.main import main; main(sys.argv[1:])\n"
    )
    await feed(writer, 0, 100)
    paused = Worker(kafka_settings, "detect", name="paused", script=script)
    started.append(paused)

    def is_stopped() -> bool:
        with open(f"/proc/{paused.process.pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "T"

    await wait_until(is_stopped, 40, "the worker to pause itself")
    other = Worker(kafka_settings, "detect", name="other")
    started.append(other)
    await feed(writer, 100, 200)
    await until_said(kafka_settings, sawtooth.transitions(DEVICES, 200), 60)
    paused.resume()
    await feed(writer, 200, 300)
    await wait_until(lambda: paused.process.poll() is not None, 60, "the paused worker to stop")
    assert paused.events("crashed"), paused.log_tail()
    await until_said(kafka_settings, sawtooth.transitions(DEVICES, 300), 60)

    assert other.stop() == 0
    third = Worker(kafka_settings, "detect", name="third")
    started.append(third)
    await feed(writer, 300, 400)
    await until_said(kafka_settings, sawtooth.transitions(DEVICES, 400), 60)
    await check(kafka_settings, sawtooth.transitions(DEVICES, 400))
