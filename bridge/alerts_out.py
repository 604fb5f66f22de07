"""The way out: alert events from Kafka to MQTT, at least once.

The position is committed after the broker acknowledged. The very first start begins at the end of the topic: what was
raised before there was a bridge is history, not news.
"""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition

from bridge.mapping import ALERT_TOPIC
from bridge.session import MqttSession, PublishRefused
from pipeline.alert_codec import ALERT_TYPE
from pipeline.errors import InvalidInput
from pipeline.identifiers import check_identifier
from pipeline.journal.clients import paced
from pipeline.journal.records import Record, from_consumer
from pipeline.process import metrics
from pipeline.process.logs import get_log
from pipeline.process.watchdog import Progress
from pipeline.settings import Settings
from pipeline.topics import ALERTS

GROUP = "iiot-bridge-alerts"
MAX_BODY_BYTES = 128 * 1024
"""A larger body could break the broker's packet limit, and with it the connection, over and over."""
_BATCH = 200
_REFUSED_SECONDS = 5.0


class AlertPublisher:
    """Publishes each alert event under `insa/alerts/<device>` with the record's body."""

    def __init__(self, settings: Settings, session: MqttSession, partitions: int) -> None:
        self._session = session
        self._partitions = [TopicPartition(ALERTS.name, partition) for partition in range(partitions)]
        self._consumer = paced(
            AIOKafkaConsumer(
                bootstrap_servers=settings.kafka_bootstrap_servers,
                group_id=GROUP,
                enable_auto_commit=False,
                auto_offset_reset="latest",
                fetch_max_wait_ms=100,
            )
        )
        self.progress = Progress("alert events for MQTT")
        self.positions: dict[int, int] = {}
        """The next offset to publish, per partition, once known."""
        self._log = get_log("bridge.alerts")

    async def run(self) -> None:
        """Publish until cancelled; waits while Kafka or the broker is away."""
        await self._consumer.start()
        try:
            self._consumer.assign(self._partitions)
            await self._settle()
            self._log.info("publishing_alerts")
            while True:
                got = await self._consumer.getmany(timeout_ms=1000, max_records=_BATCH)
                records = [from_consumer(record) for batch in got.values() for record in batch]
                if records:
                    await self._publish(records)
                    await self._commit({tp: batch[-1].offset + 1 for tp, batch in got.items() if batch})
        finally:
            await self._consumer.stop()

    async def _settle(self) -> None:
        """Commit where a first start begins: a crash before the first alert must not skip that alert."""
        positions = {tp: await self._consumer.position(tp) for tp in self._partitions}
        await self._commit(positions)

    async def _commit(self, positions: dict[TopicPartition, int]) -> None:
        await self._consumer.commit(positions)
        self.positions.update({tp.partition: offset for tp, offset in positions.items()})
        self.progress.advance()

    async def _publish(self, records: list[Record]) -> None:
        waiting = [record for record in records if self._is_publishable(record)]
        while waiting:
            sent = [self._session.publish(_topic_of(record), record.value or b"") for record in waiting]
            results = await asyncio.gather(*sent, return_exceptions=True)
            refused = []
            for record, result in zip(waiting, results, strict=True):
                if isinstance(result, PublishRefused):
                    refused.append(record)
                elif isinstance(result, BaseException):
                    raise result
            metrics.ALERTS_PUBLISHED.inc(len(waiting) - len(refused))
            waiting = refused
            if refused:
                # An ACL is wrong. That is a person's to mend and no reason to stop what comes in.
                self._log.error("alert_refused", topic=_topic_of(refused[0]), count=len(refused))
                self.progress.advance()
                await asyncio.sleep(_REFUSED_SECONDS)

    def _is_publishable(self, record: Record) -> bool:
        kind = dict(record.headers).get("ce_type", b"")
        if not kind.startswith(ALERT_TYPE.encode()):
            return False  # not an alert event, or nothing that the platform wrote; others report that
        try:
            check_identifier((record.key or b"").decode(errors="replace"), "the record's key")
        except InvalidInput as error:
            self._log.warning("alert_skipped", partition=record.partition, offset=record.offset, error=str(error))
            return False
        if len(record.value or b"") > MAX_BODY_BYTES:
            self._log.warning("alert_skipped", partition=record.partition, offset=record.offset, error="too large")
            return False
        return True


def _topic_of(record: Record) -> str:
    return ALERT_TOPIC + (record.key or b"").decode()
