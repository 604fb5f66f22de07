"""The API process: everything it is made of, in the one place that knows all of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

from aiohttp import web

from api.alert_tail import AlertTail
from api.app import make_app
from api.commands import relay_outbox
from api.growth import AlertGrowth
from api.health import HealthMonitor
from api.loopback import require_loopback
from api.probes import probe_mqtt, probe_postgres, probe_redis
from api.realtime import Realtime
from api.updates import LiveUpdates
from pipeline.alert_codec import alert_document
from pipeline.alerts import AlertEvent, Output
from pipeline.process.logs import get_log
from pipeline.process.watchdog import Progress, Watchdog
from pipeline.settings import Settings
from sinks.postgres.connect import make_pool
from sinks.redis.caches import make_redis

_TAIL_PATIENCE_SECONDS = 30.0


async def run(settings: Settings, watchdog: Watchdog) -> None:
    """Serve until cancelled. Kafka, PostgreSQL, Redis or MQTT being away is reported, and no reason to stop.

    Raises SettingsError if API_HOST is no loopback address, UnknownVersion if a newer release wrote an alert.
    """
    require_loopback(settings.api_host)
    log = get_log("api")
    realtime = Realtime()

    async def deliver(output: Output, cursor: str) -> None:
        progress.advance()
        if isinstance(output, AlertEvent):
            await realtime.emit("alert", {**alert_document(output), "cursor": cursor})

    tail = AlertTail(settings, deliver)
    growth = AlertGrowth(settings)
    progress = Progress("the tail of iiot.alerts")

    def stands_still() -> str | None:
        progress.waiting = tail.is_behind(growth.ends)
        return progress()

    watchdog.watch("alert_tail", stands_still, _TAIL_PATIENCE_SECONDS)

    async with contextlib.AsyncExitStack() as stack:
        pool = make_pool(settings)
        await pool
        stack.callback(pool.terminate)
        redis = make_redis(settings)
        stack.push_async_callback(redis.aclose)
        updates = LiveUpdates(redis, realtime)
        health = HealthMonitor(
            {
                "database": probe_postgres(pool),
                "kafka": growth.probe,
                "redis": probe_redis(redis),
                "mqtt": probe_mqtt(settings.mqtt_broker_host, settings.mqtt_broker_port),
            }
        )
        stack.push_async_callback(growth.close)
        runner = web.AppRunner(make_app(health, realtime), access_log=None, shutdown_timeout=5)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        stack.push_async_callback(realtime.close)
        await web.TCPSite(runner, settings.api_host, settings.api_port).start()
        log.info("listening", addresses=[f"{host}:{port}" for host, port, *_ in runner.addresses])
        log.info("loopback_only", reason="there is no authentication yet")
        await _first_to_end(
            tail.run(), health.run(), updates.listen(), updates.emit_forever(), relay_outbox(settings, pool)
        )


async def _first_to_end(*work: Coroutine[Any, Any, None]) -> None:
    """Run all until one fails, then end the others and raise what it raised."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
