"""Kafka goes away under load and comes back: workers come back by themselves or end and are started anew."""

from __future__ import annotations

import asyncio

from pipeline.journal.writer import JournalWriter
from pipeline.settings import Settings
from tests.integration.agents.test_detect_takeover import DEVICES, check, feed, said
from tests.integration.agents.test_project import fetch, journal, project_settings, rows, writer
from tests.support import sawtooth
from tests.support.stack import LocalStack
from tests.support.topics import distinct, read_outputs
from tests.support.waiting import wait_until
from tests.support.workers import Supervised

__all__ = ["journal", "project_settings", "writer"]


async def test_kafka_stopped_for_half_a_minute_loses_no_row_and_no_alert(
    stack: LocalStack, project_settings: Settings, writer: JournalWriter
) -> None:
    await writer.append(sawtooth.rule())
    workers = [Supervised(project_settings, "detect"), Supervised(project_settings, "project")]
    try:
        await feed(writer, 0, 50)
        await _until(project_settings, workers, 50, 60)
        feeding = asyncio.create_task(feed(writer, 50, 200, pause=0.02))
        stack.stop("kafka")
        try:
            await asyncio.sleep(30)
        finally:
            stack.start("kafka")
        await feeding
        await _until(project_settings, workers, 200, 120)
        await check(project_settings, sawtooth.transitions(DEVICES, 200))
        for worker in workers:
            assert set(worker.exit_codes()) <= {70}, worker.lives[0].log_tail()
    finally:
        for worker in workers:
            worker.end()


async def _until(settings: Settings, workers: list[Supervised], readings: int, seconds: float) -> None:
    expected = sawtooth.transitions(DEVICES, readings)

    async def complete() -> bool:
        for worker in workers:
            worker.revive()
        events = await fetch(settings, "SELECT count(*) AS n FROM alert_events")
        return (
            len(await rows(settings)) == DEVICES * readings
            and expected <= said(list(distinct(await read_outputs(settings)).values()))
            and events[0]["n"] >= len(expected)
        )

    await wait_until(complete, seconds, f"{DEVICES * readings} rows and {len(expected)} alert events")
