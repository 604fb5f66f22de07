"""One look at every stage: metrics pages, Kafka's end offsets, PostgreSQL's counts. What is away is None."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

import aiohttp
import asyncpg
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from prometheus_client.parser import text_string_to_metric_families

from pipeline.cli.stack.local import addresses
from pipeline.cli.stack.probes import answers
from pipeline.cli.stages import Page, Sample, Stored
from pipeline.errors import PlatformError
from pipeline.journal.clients import make_admin, make_reader_client
from pipeline.settings import Settings
from pipeline.topics import ALERTS, EVENTS
from sinks.postgres.connect import Pool, make_pool, transaction

_SECONDS = 4.0
_COUNTS = """SELECT
    (SELECT coalesce(sum(telemetry_rows), 0)::bigint FROM projection_offsets) AS telemetry_rows,
    (SELECT count(*) FROM devices WHERE NOT removed) AS devices,
    (SELECT count(*) FROM rules WHERE enabled AND NOT removed) AS rules,
    (SELECT count(*) FROM alerts WHERE status = 'open') AS alerts_open,
    (SELECT count(*) FROM alerts) AS alerts"""


async def take_sample(settings: Settings) -> Sample:
    """Look at everything at once; takes a few seconds at most, raises nothing for what is away."""
    ports = process_ports(settings)
    where: dict[str, str] = {name: f"{host}:{port}" for name, (host, port) in addresses(settings).items()}
    where["mqtt"] = where["mosquitto"]
    where |= {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    mqtt, redis, pages, ends, stored = await asyncio.gather(
        asyncio.to_thread(answers, "mosquitto", *addresses(settings)["mosquitto"]),
        asyncio.to_thread(answers, "redis", *addresses(settings)["redis"]),
        _fetch_pages(ports),
        _fetch_ends(settings),
        _fetch_stored(settings),
    )
    return Sample(time.monotonic(), mqtt, pages, ends, stored, redis, where)


def process_ports(settings: Settings) -> dict[str, int]:
    """The loopback port of each process's metrics."""
    return {
        "bridge": settings.bridge_metrics_port,
        "detect": settings.detect_metrics_port,
        "project": settings.project_metrics_port,
        "api": settings.api_port,
    }


async def _fetch_pages(ports: Mapping[str, int]) -> dict[str, Page | None]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SECONDS)) as session:
        pages = await asyncio.gather(*(_fetch_page(session, port) for port in ports.values()))
    return dict(zip(ports, pages, strict=True))


async def _fetch_page(session: aiohttp.ClientSession, port: int) -> Page | None:
    try:
        async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
            text = await answer.text()
    except (aiohttp.ClientError, OSError, TimeoutError):
        return None
    return Page(
        [
            (sample.name, sample.labels, sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        ]
    )


async def _fetch_ends(settings: Settings) -> dict[str, dict[int, int]] | None:
    admin, client = make_admin(settings), make_reader_client(settings)
    try:
        async with asyncio.timeout(_SECONDS):
            await admin.start()
            described = await admin.describe_topics([EVENTS.name, ALERTS.name])
            wanted = [
                TopicPartition(topic["topic"], partition["partition"])
                for topic in described
                for partition in topic["partitions"]
            ]
            await client.start()
            found = await client.end_offsets(wanted) if wanted else {}
    except (KafkaError, OSError, TimeoutError):
        return None
    finally:
        await client.stop()
        await admin.close()
    ends: dict[str, dict[int, int]] = {EVENTS.name: {}, ALERTS.name: {}}
    for tp, offset in found.items():
        ends[tp.topic][tp.partition] = offset
    return ends


async def _fetch_stored(settings: Settings) -> Stored | None:
    pool: Pool
    try:
        async with make_pool(settings, max_size=1) as pool, transaction(pool, seconds=_SECONDS) as connection:
            rows = await connection.fetch("SELECT topic, partition, position FROM projection_offsets")
            counts = await connection.fetchrow(_COUNTS)
    except (PlatformError, asyncpg.PostgresError):
        return None
    return Stored({(row["topic"], row["partition"]): row["position"] for row in rows}, **dict(counts or {}))
