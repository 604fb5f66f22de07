"""The way in: from the broker's messages to the journal, acknowledged only once Kafka has them.

One batch at a time. Everything of a batch (frames, events, quarantine) is durable before the first of its messages is
acknowledged, and messages are acknowledged in the order of their arrival. Crashing anywhere only means that the
broker sends again what was not acknowledged.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError

from bridge.connecting import MARKER_TOPIC
from bridge.frames import Append, group
from bridge.inbox import Received
from bridge.mapping import BY, Outcome, map_message
from bridge.receipt import ReceiptClock
from bridge.session import MqttSession
from bridge.ticks import MarkerSchedule
from pipeline.events import Ticked
from pipeline.journal.writer import JournalWriter
from pipeline.process import metrics
from pipeline.process.logs import get_log
from pipeline.process.watchdog import Progress
from pipeline.quarantine import Quarantined
from pipeline.topics import EVENTS

_LINGER_SECONDS = 0.02
_ENOUGH = 1000
_BATCH = 4000
_BATCH_BYTES = 8 * 2**20
_MARKER = MARKER_TOPIC.encode()


class Forwarder:
    """Takes messages from a session's inbox and brings them into the journal, and ticks behind them."""

    def __init__(
        self,
        session: MqttSession,
        producer: AIOKafkaProducer,
        partitions: int,
        markers: MarkerSchedule,
        interval_ms: int,
    ) -> None:
        self._session = session
        self._producer = producer
        self._writer = JournalWriter(producer, partitions)
        self._markers = markers
        self._interval_ms = interval_ms
        self._clock = ReceiptClock()
        self._open = asyncio.Event()
        self._open.set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._in_hand = 0
        self.progress = Progress("messages of the broker")

    @property
    def pending(self) -> int:
        """Messages received and not yet confirmed by Kafka."""
        return len(self._session.inbox) + self._in_hand

    async def run(self) -> None:
        """Forward until cancelled. Waits while Kafka is away; raises what ends the producer for good."""
        inbox = self._session.inbox
        while True:
            await inbox.wait()
            await self._open.wait()
            if len(inbox) < _ENOUGH:
                await asyncio.sleep(_LINGER_SECONDS)
            if not self._open.is_set():
                continue
            self._idle.clear()
            batch = inbox.take(_BATCH, _BATCH_BYTES)
            self._in_hand = len(batch)
            metrics.MQTT_PENDING.set(self.pending)
            try:
                await self._forward(batch)
            finally:
                self._in_hand = 0
                self._idle.set()
            metrics.MQTT_PENDING.set(self.pending)

    async def pause(self, seconds: float) -> None:
        """Begin no further batch; returns when the one in hand is done, or after `seconds`."""
        self._open.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return

    def resume(self) -> None:
        """Go on after a pause."""
        self._open.set()

    async def _forward(self, batch: list[Received]) -> None:
        markers = [message for message in batch if message.topic == _MARKER]
        outcomes = self._map(batch)
        appends = group(outcomes, self._writer.partitions)
        confirmations = [await self._begin(append) for append in appends]
        await asyncio.gather(*confirmations)
        self._session.acknowledge(batch)
        self.progress.advance(len(batch))
        _count(appends, outcomes)
        for marker in markers:
            await self._tick(marker)

    def _map(self, batch: list[Received]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        kinds: Counter[str] = Counter()
        untimed = 0
        for message in batch:
            if message.topic != _MARKER:
                mapped = map_message(message, self._clock)
                outcomes += mapped.outcomes
                kinds[mapped.kind] += 1
                untimed += mapped.untimed
        for kind, count in kinds.items():
            metrics.MQTT_RECEIVED.labels(kind).inc(count)
        metrics.MQTT_UNTIMED.inc(untimed)
        return outcomes

    async def _begin(self, append: Append) -> asyncio.Future[object]:
        while True:
            try:
                future: asyncio.Future[object] = await self._producer.send(
                    append.topic,
                    append.encoded.body,
                    key=append.key,
                    partition=append.partition,
                    headers=list(append.encoded.headers),
                )
            except KafkaTimeoutError:
                continue  # the partition's buffer stayed full: Kafka is away, and nothing was taken
            return future

    async def _tick(self, marker: Received) -> None:
        if self._session.epoch == marker.epoch and self._markers.came_back(marker.epoch, marker.payload):
            await self._writer.append(Ticked(self._interval_ms))
            self._markers.ticked(time.monotonic())
            metrics.TICKS_WRITTEN.inc()


async def send_markers(session: MqttSession, markers: MarkerSchedule, interval_seconds: float) -> None:
    """Send markers when they are due, until cancelled."""
    while True:
        nonce = markers.due(time.monotonic(), session.epoch)
        if nonce is not None:
            session.publish(MARKER_TOPIC, nonce).add_done_callback(_report_refusal)
        await asyncio.sleep(interval_seconds / 20)


def _report_refusal(sent: asyncio.Future[None]) -> None:
    if not sent.cancelled() and (error := sent.exception()) is not None:
        get_log("bridge").error("marker_refused", topic=MARKER_TOPIC, error=str(error))


def _count(appends: list[Append], outcomes: list[Outcome]) -> None:
    metrics.FRAMES_WRITTEN.inc(sum(append.topic == EVENTS.name and append.key is None for append in appends))
    for outcome in outcomes:
        if isinstance(outcome, Quarantined):
            metrics.QUARANTINED.labels(BY, outcome.reason).inc()
