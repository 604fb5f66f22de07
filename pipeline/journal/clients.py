"""Kafka clients with the settings that the guarantees rest on."""

from __future__ import annotations

import asyncio
import math
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from pipeline.settings import Settings

MAX_REQUEST_BYTES = 2 * 2**20
REQUEST_TIMEOUT_MS = 30_000
_FETCH_BYTES = 2 * 2**20
_METADATA_PAUSE_SECONDS = 0.1
_Kafka = TypeVar("_Kafka", AIOKafkaConsumer, AIOKafkaProducer)


def make_producer(settings: Settings, *, linger_ms: int = 0) -> AIOKafkaProducer:
    """A producer whose confirmed records are durable and not doubled by retries; not started yet.

    Idempotent sends are retried for as long as the brokers are away, so callers own the deadline.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        acks="all",
        enable_idempotence=True,
        linger_ms=linger_ms,
        max_batch_size=2**20,
        max_request_size=MAX_REQUEST_BYTES,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
    )
    # A batch whose partition has no leader (a broker that stops cleanly says so) would be given up after the request
    # timeout, idempotent or not, and with it its sequence numbers: the producer could send nothing more.
    producer._message_accumulator._batch_ttl = math.inf  # noqa: SLF001
    return paced(producer)


def make_reader_client(settings: Settings) -> AIOKafkaConsumer:
    """A consumer without a group: it reads what it is told to, and says so when that is gone."""
    return paced(
        AIOKafkaConsumer(
            bootstrap_servers=settings.kafka_bootstrap_servers,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=_FETCH_BYTES,
            fetch_max_wait_ms=20,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
        )
    )


def make_admin(settings: Settings) -> AIOKafkaAdminClient:
    """An admin client; not started yet."""
    return AIOKafkaAdminClient(
        bootstrap_servers=settings.kafka_bootstrap_servers, request_timeout_ms=REQUEST_TIMEOUT_MS
    )


def paced(kafka: _Kafka) -> _Kafka:
    """The same client, which asks for metadata at most ten times a second while it gets none that helps.

    While a partition has no leader, aiokafka asks again without a pause: thousands of times a second, each with lines
    in the log, on the event loop that everything else needs.
    """
    client: Any = kafka.client if isinstance(kafka, AIOKafkaProducer) else kafka._client  # noqa: SLF001
    update = client._metadata_update  # noqa: SLF001

    async def update_and_pause(cluster: Any, topics: Any) -> bool:
        updated: bool = await update(cluster, topics)
        if not updated or any(_leaderless(cluster, topic) for topic in topics or ()):
            await asyncio.sleep(_METADATA_PAUSE_SECONDS)
        return updated

    client._metadata_update = update_and_pause  # noqa: SLF001
    return kafka


def _leaderless(cluster: Any, topic: str) -> bool:
    return bool(cluster.partitions_for_topic(topic) != cluster.available_partitions_for_topic(topic))
