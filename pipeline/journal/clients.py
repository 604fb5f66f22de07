"""Kafka clients with the settings that the guarantees rest on."""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from pipeline.settings import Settings

MAX_REQUEST_BYTES = 2 * 2**20
REQUEST_TIMEOUT_MS = 30_000
_FETCH_BYTES = 2 * 2**20


def make_producer(settings: Settings, *, linger_ms: int = 0) -> AIOKafkaProducer:
    """A producer whose confirmed records are durable and not doubled by retries; not started yet.

    Idempotent sends are retried for as long as the brokers are away, so callers own the deadline.
    """
    return AIOKafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        acks="all",
        enable_idempotence=True,
        linger_ms=linger_ms,
        max_batch_size=2**20,
        max_request_size=MAX_REQUEST_BYTES,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
    )


def make_reader_client(settings: Settings) -> AIOKafkaConsumer:
    """A consumer without a group: it reads what it is told to, and says so when that is gone."""
    return AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=_FETCH_BYTES,
        fetch_max_wait_ms=20,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
    )


def make_admin(settings: Settings) -> AIOKafkaAdminClient:
    """An admin client; not started yet."""
    return AIOKafkaAdminClient(
        bootstrap_servers=settings.kafka_bootstrap_servers, request_timeout_ms=REQUEST_TIMEOUT_MS
    )
