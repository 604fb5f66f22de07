"""Migrations against a real PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.settings import Settings
from sinks.postgres.connect import Pool, make_pool
from sinks.postgres.migrate import DIRECTORY, MigrationRefused, migrate
from sinks.postgres.months import ensure_months


async def test_two_at_once_on_an_empty_database_apply_each_file_once(settings: Settings) -> None:
    ran = await asyncio.gather(migrate(settings), migrate(settings))
    names = [path.name for path in sorted(DIRECTORY.glob("*.sql"))]
    assert sorted(ran) == [[], names]
    assert await migrate(settings) == []


async def test_a_file_changed_after_it_ran_is_refused(settings: Settings, tmp_path: Path) -> None:
    for path in DIRECTORY.glob("*.sql"):
        (tmp_path / path.name).write_text(path.read_text())
    await migrate(settings, tmp_path)
    first = tmp_path / "0001_registry.sql"
    first.write_text(first.read_text() + "-- an afterthought\n")
    with pytest.raises(MigrationRefused, match=r"0001_registry\.sql was changed after it ran"):
        await migrate(settings, tmp_path)


async def test_a_file_that_fails_leaves_nothing_of_itself(settings: Settings, tmp_path: Path) -> None:
    for path in DIRECTORY.glob("*.sql"):
        (tmp_path / path.name).write_text(path.read_text())
    await migrate(settings, tmp_path)
    (tmp_path / "0003_bad.sql").write_text("CREATE TABLE half_done (a int); SELECT no_such_column;")
    with pytest.raises(Exception, match="no_such_column"):
        await migrate(settings, tmp_path)
    async with make_pool(settings) as pool:
        assert await pool.fetchval("SELECT to_regclass('half_done')") is None
        assert await pool.fetchval("SELECT count(*) FROM schema_migrations") == 2


async def test_months_reach_from_the_retention_to_two_months_ahead_and_grow(pool: Pool) -> None:
    now = datetime.now(UTC)
    assert await ensure_months(pool, now) == []
    a_year_on = now.replace(year=now.year + 1, day=1)
    made = await ensure_months(pool, a_year_on)
    assert len(made) == 12
    assert await ensure_months(pool, a_year_on) == []


async def test_a_month_can_be_added_while_old_data_lies_in_its_own_partition(pool: Pool) -> None:
    await pool.execute(
        "INSERT INTO telemetry (device_id, key, ts, value, received_at) VALUES ('d', 'k', '2013-12-02', 1, now())"
    )
    assert await pool.fetchval("SELECT count(*) FROM telemetry_old") == 1
    now = datetime.now(UTC)
    assert len(await ensure_months(pool, now.replace(year=now.year + 1, day=1))) == 12
