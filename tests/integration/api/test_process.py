"""The API process against the real servers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
import socketio

from api.main import run
from pipeline.alert_codec import encode_output
from pipeline.alerts import AlertEvent, Cause
from pipeline.cli.stack.ports import free_ports
from pipeline.errors import SettingsError
from pipeline.journal.clients import make_producer
from pipeline.journal.creation import create_topics
from pipeline.process.watchdog import Watchdog
from pipeline.settings import Settings
from pipeline.topics import ALERTS
from sinks.redis.caches import make_redis
from sinks.redis.updates import CHANNEL, TelemetryUpdate, Updates, encode_updates
from tests.support.stack import LocalStack
from tests.support.waiting import wait_until


def an_alert(sequence: int, device_id: str = "pump-1") -> AlertEvent:
    return AlertEvent(
        alert_id="b9d2a3f0-0000-5000-8000-000000000001", sequence=sequence, transition="raised", rule_id="hot",
        rule_version=1, rule_name="Hot", device_id=device_id, severity="critical", message="too hot", value=101.0,
        threshold=100, unit="°C", context={}, opened_at=1_700_000_000_000, at=1_700_000_000_000,
        cause=Cause("iiot.events", 0, sequence),
    )  # fmt: skip


async def append(settings: Settings, *alerts: AlertEvent, partition: int = 0) -> None:
    producer = make_producer(settings)
    await producer.start()
    try:
        for alert in alerts:
            encoded = encode_output(alert)
            await producer.send_and_wait(ALERTS.name, encoded.body, partition=partition, headers=list(encoded.headers))
    finally:
        await producer.stop()


@dataclass
class Api:
    """A running API process and a stock Socket.IO client of it."""

    settings: Settings
    alerts: list[dict[str, Any]] = field(default_factory=list)
    telemetry: list[dict[str, Any]] = field(default_factory=list)
    devices: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings.api_port}"

    async def health(self) -> tuple[int, dict[str, Any]]:
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/health") as answer:
            return answer.status, await answer.json()

    async def says(self, part: str, state: str) -> bool:
        return bool((await self.health())[1][part] == state)

    async def follows(self) -> bool:
        """Whether the tail has begun: an alert appended now will be delivered."""
        if not self.alerts:
            await append(self.settings, an_alert(999, "probe"))
            await asyncio.sleep(0.3)
        return bool(self.alerts)


@pytest.fixture
async def api(stack: LocalStack) -> AsyncIterator[Api]:
    """A process with a connected client, ready to hear."""
    settings = stack.settings(api_port=free_ports(1)[0])
    await create_topics(settings)
    process = asyncio.create_task(run(settings, Watchdog()))
    running = Api(settings)
    client = socketio.AsyncClient(reconnection=True)
    client.on("alert", running.alerts.append)
    client.on("telemetry_update", running.telemetry.append)
    client.on("device_update", running.devices.append)
    try:
        await wait_until(lambda: running.says("kafka", "ok"), 20, "the API to be up")
        await client.connect(running.url)
        await wait_until(running.follows, 20, "the tail to follow")
        running.alerts.clear()
        yield running
    finally:
        await client.disconnect()
        process.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await process


async def test_a_client_receives_each_alert_once_with_its_cursor(api: Api) -> None:
    await append(api.settings, *(an_alert(number) for number in range(1, 21)), partition=3)
    await wait_until(lambda: len(api.alerts) >= 20, 10, "20 alerts")
    assert [alert["sequence"] for alert in api.alerts] == list(range(1, 21))
    assert api.alerts[0]["message"] == "too hot"
    assert api.alerts[0]["opened_at"] == "2023-11-14T22:13:20Z"
    partition, offset = api.alerts[0]["cursor"].split(":")
    assert partition == "3"
    assert [alert["cursor"] for alert in api.alerts] == [f"3:{int(offset) + n}" for n in range(20)]


async def test_garbage_on_the_alert_topic_is_passed(api: Api) -> None:
    producer = make_producer(api.settings)
    await producer.start()
    await producer.send_and_wait(ALERTS.name, b"\xff garbage", partition=2, headers=[("v", b"x")])
    await producer.stop()
    await append(api.settings, an_alert(1), partition=2)
    await wait_until(lambda: api.alerts, 10, "the alert behind the garbage")


async def test_an_update_announced_on_redis_reaches_the_client(api: Api) -> None:
    updates = Updates(
        (TelemetryUpdate("pump-1", 1_700_000_000_000, {"temperature": 99.5}),), ({"device_id": "pump-1"},)
    )
    redis = make_redis(api.settings)
    for message in encode_updates(updates):
        await redis.publish(CHANNEL, message)
    await redis.aclose()
    await wait_until(lambda: api.telemetry and api.devices, 10, "both updates")
    assert api.telemetry[0]["updates"] == [
        {"device_id": "pump-1", "timestamp": "2023-11-14T22:13:20Z", "values": {"temperature": 99.5}}
    ]
    assert api.devices[0]["devices"] == [{"device_id": "pump-1"}]


async def test_a_thousand_updates_in_a_second_become_at_most_five_events(api: Api) -> None:
    redis = make_redis(api.settings)
    began = asyncio.get_running_loop().time()
    for number in range(1000):
        (message,) = encode_updates(Updates((TelemetryUpdate("pump-1", number, {"n": number}),)))
        await redis.publish(CHANNEL, message)
    await wait_until(
        lambda: api.telemetry and api.telemetry[-1]["updates"][0]["values"]["n"] == 999, 10, "the last value"
    )
    seconds = asyncio.get_running_loop().time() - began
    assert len(api.telemetry) <= seconds * 5 + 2
    await redis.aclose()


async def test_without_redis_the_process_stays_up_and_says_so_and_recovers(stack: LocalStack, api: Api) -> None:
    stack.stop("redis")
    try:
        await wait_until(lambda: api.says("redis", "unavailable"), 15, "the health page to miss Redis")
        assert (await api.health())[1]["status"] == "degraded"
        await append(api.settings, an_alert(1))
        await wait_until(lambda: api.alerts, 10, "an alert without Redis")
    finally:
        stack.start("redis")
    await wait_until(lambda: api.says("redis", "ok"), 15, "the health page to see Redis again")

    async def heard() -> bool:
        redis = make_redis(api.settings)
        for message in encode_updates(Updates((TelemetryUpdate("pump-2", 0, {"n": 1}),))):
            await redis.publish(CHANNEL, message)
        await redis.aclose()
        return bool(api.telemetry)

    await wait_until(heard, 15, "updates after the outage")


async def test_a_client_misses_no_alert_of_an_outage_of_kafka(stack: LocalStack, api: Api) -> None:
    await append(api.settings, an_alert(1), partition=5)
    await wait_until(lambda: api.alerts, 10, "the alert before the outage")
    stack.stop("kafka")
    try:
        await wait_until(lambda: api.says("kafka", "unavailable"), 15, "the health page to miss Kafka")
        status, document = await api.health()
        assert (status, document["status"]) == (503, "unhealthy")
    finally:
        stack.start("kafka")
    await append(api.settings, an_alert(2), an_alert(3), partition=5)
    await wait_until(lambda: len(api.alerts) >= 3, 30, "the alerts after the outage")
    assert [alert["sequence"] for alert in api.alerts] == [1, 2, 3]
    await wait_until(lambda: api.says("kafka", "ok"), 15, "the health page to see Kafka again")


@pytest.mark.parametrize(("server", "part"), [("postgres", "database"), ("mosquitto", "mqtt")])
async def test_the_health_page_tells_what_is_away(stack: LocalStack, api: Api, server: Any, part: str) -> None:
    await wait_until(lambda: api.says(part, "ok"), 15, f"{part} to be ok")
    stack.stop(server)
    try:
        await wait_until(lambda: api.says(part, "unavailable"), 15, f"the health page to miss {server}")
    finally:
        stack.start(server)
    await wait_until(lambda: api.says(part, "ok"), 15, f"the health page to see {server} again")


async def test_another_sites_page_gets_nothing(api: Api) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{api.url}/health", headers={"Host": "evil.example"}) as answer:
            assert answer.status == 421
        polling = f"{api.url}/socket.io/?EIO=4&transport=polling"
        async with session.get(polling, headers={"Origin": "http://evil.example"}) as answer:
            assert answer.status == 400
        async with session.get(polling, headers={"Origin": api.url}) as answer:
            assert answer.status == 200
        async with session.get(polling, headers={"Host": "evil.example", "Origin": "http://evil.example"}) as answer:
            assert answer.status == 421


async def test_the_first_page_and_the_metrics_are_served(api: Api) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(api.url) as answer:
            assert "/socket.io/" in await answer.text()
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        async with session.get(f"{api.url}/metrics") as answer:
            assert "iiot_socketio_clients 1.0" in await answer.text()


async def test_it_starts_while_kafka_is_away_and_goes_to_work_when_it_comes(stack: LocalStack) -> None:
    settings = stack.settings(api_port=free_ports(1)[0])
    stack.stop("kafka")
    process = asyncio.create_task(run(settings, Watchdog()))
    running = Api(settings)
    try:
        await wait_until(lambda: running.says("kafka", "unavailable"), 20, "the health page without Kafka")
        stack.start("kafka")
        await wait_until(lambda: running.says("kafka", "ok"), 20, "the health page to see Kafka")
        assert not process.done()
    finally:
        if not stack.is_up("kafka"):
            stack.start("kafka")
        process.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await process


async def test_an_address_that_others_can_reach_is_refused(stack: LocalStack) -> None:
    with pytest.raises(SettingsError, match="API_HOST"):
        await run(stack.settings(api_host="0.0.0.0"), Watchdog())
