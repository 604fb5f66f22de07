"""The projection process: `iiot project`."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime

import asyncpg
from redis.exceptions import RedisError

from agents.faust_app import follow, make_app, running
from agents.ownership import Owner
from agents.project.partition import Opener
from pipeline.errors import PostgresUnavailable
from pipeline.journal.clients import make_producer
from pipeline.journal.identity import read_journal
from pipeline.journal.reader import StretchReader
from pipeline.process.logs import get_log
from pipeline.process.watchdog import Watchdog
from pipeline.process.workdir import WorkDir
from pipeline.settings import Settings
from pipeline.topics import EVENTS, PROJECT_APP
from sinks.postgres.connect import Pool, make_pool
from sinks.postgres.months import ensure_months
from sinks.postgres.projection import Projection
from sinks.postgres.projection.projection import TOPICS
from sinks.quarantine import QuarantineWriter
from sinks.redis.caches import Caches, make_redis
from sinks.stats import StatsRefresher

_LINGER_SECONDS = 0.1
"""A transaction has a cost of its own, whatever it holds: ten a second and partition are enough for people."""
_STATS_SECONDS = 30.0
_MONTHS_EVERY = 120
"""Look once an hour whether a month of telemetry must be made ahead."""
_TROUBLE = (PostgresUnavailable, asyncpg.PostgresError, asyncpg.InterfaceError, RedisError, OSError, TimeoutError)


async def run(settings: Settings, watchdog: Watchdog) -> None:
    """Project the partitions that Faust assigns until cancelled; raises what a restart or a person must mend."""
    async with contextlib.AsyncExitStack() as stack:
        reader = StretchReader(settings)
        await reader.start()
        stack.push_async_callback(reader.stop)
        journal = await read_journal(reader)
        producer = make_producer(settings)
        await producer.start()
        stack.push_async_callback(producer.stop)
        pool = await stack.enter_async_context(make_pool(settings))
        redis = make_redis(settings)
        stack.push_async_callback(redis.aclose)
        caches = Caches(redis)

        projection = Projection(pool, caches, QuarantineWriter(producer, journal.partitions), journal)
        owner = Owner("project", Opener(projection, reader).open, reader, linger_seconds=_LINGER_SECONDS)
        stack.push_async_callback(owner.close)
        work_dir = WorkDir(settings.data_dir, "project")
        app = make_app(PROJECT_APP, settings, partitions=journal.partitions, data_dir=work_dir.path)
        follow(app, TOPICS, owner, watchdog)
        get_log("project").info("started", journal=journal.journal_id, files=str(work_dir.path))
        await stack.enter_async_context(running(app))
        tasks = [
            asyncio.create_task(owner.run()),
            asyncio.create_task(_keep_house(pool, StatsRefresher(pool, caches), owner)),
        ]
        for task in tasks:
            stack.callback(task.cancel)
        await asyncio.gather(*tasks)


async def _keep_house(pool: Pool, refresher: StatsRefresher, owner: Owner) -> None:
    """The worker that has the journal's first partition counts for the start page and makes months of telemetry
    ahead; PostgreSQL away: later."""
    turn = 0
    while True:
        if owner.owns(EVENTS.name, 0):
            now = datetime.now(UTC)
            try:
                if turn % _MONTHS_EVERY == 0:
                    await ensure_months(pool, now)
                await refresher.refresh(now)
                turn += 1
            except _TROUBLE as error:
                get_log("project").warning("housekeeping_failed", error=f"{type(error).__name__}: {error}"[:300])
        await asyncio.sleep(_STATS_SECONDS)
