"""The cache and the channel against a real Redis."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from redis.asyncio import Redis

from pipeline.events import Device, DeviceDefined, DeviceRemoved, RuleDefined, RuleRemoved
from pipeline.settings import Settings
from pipeline.topics import ALERTS, EVENTS
from sinks.postgres.connect import Pool
from sinks.postgres.projection import Projection
from sinks.redis.caches import Caches, make_redis
from sinks.redis.entries import Entry, device_entry
from sinks.redis.updates import CHANNEL, TelemetryUpdate, Updates, decode_updates
from sinks.stats import StatsRefresher
from tests.integration.sinks.conftest import JOURNAL
from tests.integration.sinks.test_projecting_alerts import RAISED, RESOLVED, RULE
from tests.support.records import NOW, KeptQuarantine, alert_record, event_record, frame
from tests.support.stack import LocalStack


async def held(redis: Redis, key: str) -> object:
    body = await redis.get(key)
    return None if body is None else orjson.loads(body)


@pytest.fixture
def cached(pool: Pool, redis: Redis) -> Projection:
    """A projection that writes the cache."""
    return Projection(pool, Caches(redis), KeptQuarantine(), JOURNAL)


async def test_only_what_is_newer_is_written(redis: Redis) -> None:
    caches = Caches(redis)
    for as_of in (5, 4, 5, -3):
        await caches.write([Entry("k", as_of, 60, f'{{"as_of":{as_of},"v":{as_of}}}')])
        assert await held(redis, "k") == {"as_of": 5, "v": 5}
    await caches.write([Entry("k", 6, 60, '{"as_of":6}'), Entry("k", 5, 60, '{"as_of":5}')])
    assert await held(redis, "k") == {"as_of": 6}
    assert 0 < await redis.ttl("k") <= 60


async def test_what_is_no_entry_of_ours_is_replaced(redis: Redis) -> None:
    await redis.set("k", "garbage")
    await Caches(redis).write([Entry("k", 0, 60, '{"as_of":0}')])
    assert await held(redis, "k") == {"as_of": 0}


async def test_the_seeds_keys_are_written_through(cached: Projection, redis: Redis) -> None:
    await cached.load(EVENTS.name, 0)
    await cached.load(ALERTS.name, 0)
    await cached.apply(
        EVENTS.name,
        0,
        [
            event_record(DeviceDefined(1, Device("d", "Dee")), 0),
            event_record(RuleDefined(1, "hot", RULE), 1),
            event_record(frame(("d", NOW + 9, {"a": 2.0, "b": "x"}), ("d", NOW + 3, {"a": 1.0, "c": True})), 2),
        ],
    )
    device = await held(redis, "device:d")
    assert isinstance(device, dict)
    assert (device["as_of"], device["device"]["name"], device["device"]["status"]) == (2, "Dee", "online")
    assert await held(redis, "telemetry:d:a") == {"as_of": NOW + 9, "ts": NOW + 9, "value": 2.0}
    assert await held(redis, "telemetry:d:b") == {"as_of": NOW + 9, "ts": NOW + 9, "value": "x"}
    assert await held(redis, "telemetry:d:c") == {"as_of": NOW + 3, "ts": NOW + 3, "value": True}
    rules = await held(redis, "rules:active")
    assert isinstance(rules, dict)
    assert (rules["as_of"], [rule["rule_id"] for rule in rules["rules"]]) == (1, ["hot"])
    await cached.apply(ALERTS.name, 0, [alert_record(RAISED, 0), alert_record(RESOLVED, 1)])
    alerts = await held(redis, "alerts:recent:d")
    assert isinstance(alerts, dict)
    assert (alerts["as_of"], [alert["status"] for alert in alerts["alerts"]]) == (1, ["resolved"])
    await cached.apply(EVENTS.name, 0, [event_record(RuleRemoved(2, "hot"), 3), event_record(DeviceRemoved(2, "d"), 4)])
    assert await held(redis, "rules:active") == {"as_of": 2, "rules": []}
    device = await held(redis, "device:d")
    assert isinstance(device, dict)
    assert device["device"]["removed"] is True
    expected = {"device:d": 300, "telemetry:d:a": 60, "rules:active": 600, "alerts:recent:d": 180}
    for key, seconds in expected.items():
        assert seconds - 30 < await redis.ttl(key) <= seconds


async def test_a_stale_copy_of_a_device_is_refused(cached: Projection, redis: Redis) -> None:
    await cached.load(EVENTS.name, 0)
    await cached.apply(EVENTS.name, 0, [event_record(DeviceDefined(1, Device("d", "Old")), 0)])
    stale = await held(redis, "device:d")
    assert isinstance(stale, dict)
    await cached.apply(EVENTS.name, 0, [event_record(DeviceDefined(2, Device("d", "New")), 1)])
    await Caches(redis).write([device_entry(stale["device"], stale["as_of"])])
    device = await held(redis, "device:d")
    assert isinstance(device, dict)
    assert device["device"]["name"] == "New"


async def test_watchers_get_the_newest_values_and_changed_devices_once_per_batch(
    cached: Projection, redis: Redis
) -> None:
    async with redis.pubsub() as channel:
        await channel.subscribe(CHANNEL)
        await channel.get_message(timeout=5)
        await cached.load(EVENTS.name, 0)
        await cached.apply(
            EVENTS.name,
            0,
            [
                event_record(frame(("d", NOW, {"a": 1.0}), ("d", NOW + 1, {"a": 2.0, "b": 3})), 0),
                event_record(frame(("d", NOW + 2, {"a": 4.0})), 1),
            ],
        )
        message = await channel.get_message(ignore_subscribe_messages=True, timeout=5)
        assert message is not None
        updates = decode_updates(message["data"])
        assert updates.telemetry == (TelemetryUpdate("d", NOW + 2, {"a": 4.0, "b": 3}),)
        assert [device["device_id"] for device in updates.devices] == ["d"]
        await cached.apply(EVENTS.name, 0, [event_record(frame(("d", NOW + 3, {"a": 5.0})), 2)])
        message = await channel.get_message(ignore_subscribe_messages=True, timeout=5)
        assert message is not None
        assert decode_updates(message["data"]) == Updates((TelemetryUpdate("d", NOW + 3, {"a": 5.0}),))


async def test_numbers_are_counted_and_cached(cached: Projection, pool: Pool, redis: Redis) -> None:
    await cached.load(EVENTS.name, 0)
    await cached.load(ALERTS.name, 0)
    now = datetime.now(UTC)
    refresher = StatsRefresher(pool, Caches(redis))
    assert (await refresher.refresh(now - timedelta(minutes=90))).telemetry_last_hour == 0
    at = int(now.timestamp() * 1000)
    await cached.apply(
        EVENTS.name,
        0,
        [event_record(RuleDefined(1, "hot", RULE), 0), event_record(frame(("d", NOW, {"a": 1.0, "b": 2.0})), 1, at=at)],
    )
    await cached.apply(ALERTS.name, 0, [alert_record(RAISED, 0, at=at)])
    stats = await refresher.refresh(now)
    assert (stats.devices_total, stats.devices_online, stats.rules_active) == (1, 1, 1)
    assert (stats.alerts_open, stats.alerts_unacknowledged, stats.alerts_last_day) == (1, 1, 1)
    assert (stats.telemetry_rows, stats.telemetry_last_hour) == (2, 2)
    assert await held(redis, "stats:devices_online") == {"as_of": at, "value": 1}
    assert (await refresher.refresh(now + timedelta(hours=2))).telemetry_last_hour == 0


async def test_without_redis_everything_goes_on_and_quickly(stack: LocalStack, settings: Settings, pool: Pool) -> None:
    async with make_redis(settings) as redis:
        projection = Projection(pool, Caches(redis), KeptQuarantine(), JOURNAL)
        await projection.load(EVENTS.name, 0)
        stack.pause("redis")
        try:
            began = time.monotonic()
            for offset in range(20):
                await projection.apply(EVENTS.name, 0, [event_record(frame(("d", NOW + offset, {"a": 1.0})), offset)])
            assert time.monotonic() - began < 4
        finally:
            stack.resume("redis")
        stack.kill9("redis")
        try:
            await projection.apply(EVENTS.name, 0, [event_record(frame(("d", NOW + 99, {"a": 1.0})), 20)])
        finally:
            stack.start("redis")
        assert await pool.fetchval("SELECT count(*) FROM telemetry") == 21


async def test_writers_at_the_same_time_leave_the_newest(redis: Redis) -> None:
    caches = Caches(redis)
    await asyncio.gather(*(caches.write([Entry("k", n, 60, f'{{"as_of":{n}}}')]) for n in range(40)))
    assert await held(redis, "k") == {"as_of": 39}
