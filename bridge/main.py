"""The bridge as a process: stand by, become the active one, forward until told to stop."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress

from bridge.alerts_out import AlertPublisher
from bridge.forwarder import Forwarder, send_markers
from bridge.leadership import STANDSTILL_SECONDS, Leadership
from bridge.probe import KafkaProbe
from bridge.session import MqttSession
from bridge.ticks import MarkerSchedule
from bridge.watching import watch_active, watch_standby
from pipeline.journal.clients import make_producer
from pipeline.journal.identity import read_journal
from pipeline.journal.reader import StretchReader
from pipeline.process import metrics
from pipeline.process.logs import get_log
from pipeline.process.pulse import feel_pulse
from pipeline.process.watchdog import Watchdog
from pipeline.settings import Settings

_FINISH_SECONDS = 10.0
_STOP_SECONDS = 5.0


async def run(settings: Settings, watchdog: Watchdog) -> None:
    """Run until cancelled.

    Raises JournalMismatch if there is no journal yet, PartitionLost if another bridge became the active one or may have
    while this one was frozen, and aiokafka's errors when Kafka cannot be reached at the start.
    """
    metrics.BRIDGE_ACTIVE.set(0)
    async with AsyncExitStack() as stack:
        reader = StretchReader(settings)
        await reader.start()
        stack.push_async_callback(_bounded, reader.stop)
        journal = await read_journal(reader)
        probe = KafkaProbe(reader, journal.partitions)
        leadership = Leadership(settings)
        stack.push_async_callback(_bounded, leadership.stop)
        await leadership.start()
        standing_by = watch_standby(watchdog, probe)
        await _until(leadership.elected(), leadership.run(), probe.run())
        standing_by.over = True
        await _be_active(settings, watchdog, leadership, probe, journal.partitions)


async def _be_active(
    settings: Settings, watchdog: Watchdog, leadership: Leadership, probe: KafkaProbe, partitions: int
) -> None:
    # Leaving goes upwards from the last: finish the batch in hand, tell the broker, then let Kafka go.
    async with AsyncExitStack() as stack:
        producer = make_producer(settings)
        stack.push_async_callback(_bounded, producer.stop)
        await producer.start()
        session = MqttSession(settings)
        markers = MarkerSchedule(settings.evaluation_interval, lambda: secrets.token_hex(8).encode())
        forwarder = Forwarder(session, producer, partitions, markers, round(settings.evaluation_interval * 1000))
        alerts = AlertPublisher(settings, session, partitions)
        leadership.guard(forwarder.pause, forwarder.resume)
        watch_active(watchdog, session, forwarder, alerts, probe)
        session.start()
        stack.push_async_callback(asyncio.to_thread, session.close)
        forwarding = asyncio.create_task(forwarder.run())
        stack.callback(forwarding.cancel)
        stack.push_async_callback(forwarder.pause, _FINISH_SECONDS)
        metrics.BRIDGE_ACTIVE.set(1)
        get_log("bridge").info("active", partitions=partitions)
        await _until(
            _ended(forwarding),
            session.failure,
            leadership.run(),
            probe.run(),
            alerts.run(),
            send_markers(session, markers, settings.evaluation_interval),
            feel_pulse(STANDSTILL_SECONDS),
        )


async def _until(*awaitables: Awaitable[None]) -> None:
    """Run all until the first ends, cancel the others, and raise what it raised."""
    tasks = [asyncio.ensure_future(awaitable) for awaitable in awaitables]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def _ended(task: asyncio.Task[None]) -> None:
    """The end of a task that goes on when its waiter is cancelled."""
    await asyncio.wait({task})
    task.result()


async def _bounded(stop: Callable[[], Awaitable[None]]) -> None:
    """Stop a client, which may wait for servers that are away, without waiting long for it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_STOP_SECONDS):
            await stop()
