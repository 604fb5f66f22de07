"""What the tests of the adapters share: a migrated database, a pool, a cache, a projection."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from pipeline.journal.identity import Journal
from pipeline.settings import Settings
from sinks.postgres.connect import Pool, make_pool
from sinks.postgres.migrate import migrate
from sinks.postgres.projection import Projection
from sinks.redis.caches import make_redis
from tests.support.records import KeptQuarantine

JOURNAL = Journal("journal-of-the-test", 8)


@pytest.fixture
async def pool(settings: Settings) -> AsyncIterator[Pool]:
    """Connections to a migrated, empty database."""
    await migrate(settings)
    async with make_pool(settings) as made:
        yield made


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    """A client of an empty Redis."""
    async with make_redis(settings) as client:
        await client.flushdb()
        yield client


@pytest.fixture
def quarantine() -> KeptQuarantine:
    """A quarantine one can look into."""
    return KeptQuarantine()


@pytest.fixture
def projection(pool: Pool, quarantine: KeptQuarantine) -> Projection:
    """A projection without caches."""
    return Projection(pool, None, quarantine, JOURNAL)
