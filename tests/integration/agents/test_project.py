"""The projection process against killed workers, a stopped PostgreSQL, a stopped Redis and garbage."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from pipeline.instants import from_datetime
from pipeline.journal.clients import make_producer
from pipeline.journal.identity import Journal
from pipeline.journal.writer import JournalWriter
from pipeline.settings import Settings
from pipeline.topics import ALERTS, EVENTS
from sinks.postgres.migrate import migrate
from tests.integration.agents.test_detect_takeover import DEVICES, feed
from tests.support import sawtooth
from tests.support.stack import LocalStack
from tests.support.topics import fresh_journal, journal_writer
from tests.support.waiting import wait_until
from tests.support.workers import Worker


@pytest.fixture
async def project_settings(stack: LocalStack, tmp_path: Path) -> Settings:
    """Settings with a database of the test's own, migrated."""
    settings = stack.settings(db_name=stack.new_database(), data_dir=tmp_path)
    await migrate(settings)
    return settings


@pytest.fixture
async def journal(project_settings: Settings) -> Journal:
    return await fresh_journal(project_settings)


@pytest.fixture
async def writer(project_settings: Settings, journal: Journal) -> AsyncIterator[JournalWriter]:
    async with journal_writer(project_settings, journal) as made:
        yield made


async def fetch(settings: Settings, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(
        host=settings.db_host, port=settings.db_port, database=settings.db_name,
        user=settings.db_user, password=settings.db_password.get_secret_value(), timeout=5,
    )  # fmt: skip
    try:
        return await connection.fetch(query, timeout=5)
    finally:
        await connection.close()


def expected_rows(readings: int) -> set[tuple[str, int, float]]:
    return {
        (entry.device_id, entry.ts, float(entry.values["temperature"]))
        for _, frame in sawtooth.frames(DEVICES, 0, readings, 8)
        for entry in frame.entries
    }


async def rows(settings: Settings) -> list[tuple[str, int, float]]:
    found = await fetch(settings, "SELECT device_id, ts, value FROM telemetry WHERE key = 'temperature'")
    return [(row["device_id"], from_datetime(row["ts"]), row["value"]) for row in found]


async def until_stored(settings: Settings, readings: int, seconds: float) -> None:
    async def stored() -> bool:
        found = await fetch(settings, "SELECT count(*) AS n FROM telemetry WHERE key = 'temperature'")
        return bool(found[0]["n"] >= DEVICES * readings)

    await wait_until(stored, seconds, f"{DEVICES * readings} rows")
    found = await rows(settings)
    assert len(found) == len(set(found))
    assert set(found) == expected_rows(readings)


async def test_killing_a_projector_of_two_loses_and_doubles_nothing(
    project_settings: Settings, writer: JournalWriter, started: list[Worker]
) -> None:
    one = Worker(project_settings, "project", name="one")
    two = Worker(project_settings, "project", name="two")
    started += [one, two]
    one.wait_for("opened", 40)
    two.wait_for("opened", 40)
    feeding = asyncio.create_task(feed(writer, 0, 300, pause=0.01))
    await wait_until(lambda: fetch(project_settings, "SELECT 1 FROM telemetry OFFSET 500 LIMIT 1"), 40, "some rows")
    one.kill9()
    await feeding
    await until_stored(project_settings, 300, 60)


async def test_postgresql_stopped_for_half_a_minute_is_caught_up_with_by_itself(
    stack: LocalStack, project_settings: Settings, writer: JournalWriter, started: list[Worker]
) -> None:
    worker = Worker(project_settings, "project", name="project")
    started.append(worker)
    await feed(writer, 0, 50)
    await until_stored(project_settings, 50, 40)
    feeding = asyncio.create_task(feed(writer, 50, 200, pause=0.02))
    stack.stop("postgres")
    try:
        await asyncio.sleep(30)
    finally:
        stack.start("postgres")
    await feeding
    await until_stored(project_settings, 200, 60)
    assert worker.process.poll() is None, f"a restart would not have helped:\n{worker.log_tail()}"


async def test_alerts_reach_their_table_and_garbage_the_quarantine_even_without_redis(
    stack: LocalStack, project_settings: Settings, writer: JournalWriter, started: list[Worker]
) -> None:
    stack.stop("redis")
    try:
        await writer.append(sawtooth.rule())
        await feed(writer, 0, 50)
        producer = make_producer(project_settings)
        await producer.start()
        for topic in (EVENTS.name, ALERTS.name):
            await producer.send_and_wait(topic, b"\xff garbage", partition=3)
        await producer.stop()
        started.append(Worker(project_settings, "detect", name="detect"))
        started.append(Worker(project_settings, "project", name="project"))
        await feed(writer, 50, 100)
        await until_stored(project_settings, 100, 60)
        expected = sawtooth.transitions(DEVICES, 100)

        async def complete() -> bool:
            events = await fetch(project_settings, "SELECT count(*) AS n FROM alert_events")
            put_away = await fetch(project_settings, "SELECT count(*) AS n FROM quarantine")
            return bool(events[0]["n"] >= len(expected) and put_away[0]["n"] >= 2)

        await wait_until(complete, 60, "alert events and quarantined garbage in their tables")
    finally:
        stack.start("redis")
    opened = {(device, ts) for device, transition, ts in expected if transition == "raised"}
    alerts = await fetch(project_settings, "SELECT device_id, opened_at, status FROM alerts")
    assert sorted((row["device_id"], from_datetime(row["opened_at"])) for row in alerts) == sorted(opened)
    assert len(await fetch(project_settings, "SELECT 1 FROM alert_events")) == len(expected)
    assert len(await fetch(project_settings, "SELECT 1 FROM quarantine")) == 2


async def test_a_database_of_another_journal_stops_the_start_until_it_is_adopted(
    project_settings: Settings, writer: JournalWriter, started: list[Worker]
) -> None:
    first = Worker(project_settings, "project", name="project")
    started.append(first)
    await feed(writer, 0, 20)
    await until_stored(project_settings, 20, 40)
    first.kill9()
    await fresh_journal(project_settings)
    second = Worker(project_settings, "project", name="refused")
    started.append(second)
    await wait_until(lambda: second.process.poll() is not None, 60, "the refusal")
    assert second.process.returncode == 78
    assert "iiot journal adopt" in str(second.events("needs_a_person"))
    adoption = Worker(project_settings, "journal", "adopt", "--yes", name="adopt")
    started.append(adoption)
    await wait_until(lambda: adoption.process.poll() is not None, 60, "the adoption")
    assert adoption.process.returncode == 0, adoption.log_tail()
    third = Worker(project_settings, "project", name="adopted")
    started.append(third)
    await wait_until(lambda: third.events("opened"), 60, f"the start\n{third.log_tail()}")
