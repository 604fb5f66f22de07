"""The monthly partitions of `telemetry`.

A month gets its partition ahead of time. What is older than the first month goes to `telemetry_old`, which refuses
everything else: so PostgreSQL needs not search it when a month is added, and a time far ahead, which only a wrong
clock sends, is refused like any other bad row.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import asyncpg

from sinks.postgres.connect import Connection, Pool

RETENTION_DAYS = 400
MONTHS_AHEAD = 2
_LOCK = 7_205_759_404
_BOUND = "telemetry_old_is_older"


async def ensure_months(where: Pool | Connection, now: datetime) -> list[str]:
    """Create the months from the retention's start to two months ahead that are missing; returns their names.

    Repeating is safe, also at once from several processes. Takes a lock on `telemetry` only when a month is missing.
    """
    if isinstance(where, asyncpg.Pool):
        async with where.acquire() as connection:
            return await ensure_months(connection, now)
    wanted = {name_of(month): month for month in months(now)}
    if wanted.keys() <= await _existing(where):
        return []
    async with where.transaction():
        await where.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        existing = await _existing(where)
        if not await where.fetchval("SELECT 1 FROM pg_constraint WHERE conname = $1", _BOUND):
            first = min(wanted.values()).isoformat()
            await where.execute(f"ALTER TABLE telemetry_old ADD CONSTRAINT {_BOUND} CHECK (ts < '{first}')")
        made = []
        oldest = min(existing, default="")
        for name, month in wanted.items():
            # A month before the oldest partition is no longer kept: its rows belong to telemetry_old.
            if name in existing or name < oldest:
                continue
            await where.execute(
                f"CREATE TABLE {name} PARTITION OF telemetry"
                f" FOR VALUES FROM ('{month.isoformat()}') TO ('{following(month).isoformat()}')"
            )
            made.append(name)
        return made


def months(now: datetime) -> Iterator[datetime]:
    """The first instants of the months that should have a partition."""
    month = _first(now - timedelta(days=RETENTION_DAYS))
    last = _first(now)
    for _ in range(MONTHS_AHEAD):
        last = following(last)
    while month <= last:
        yield month
        month = following(month)


def name_of(month: datetime) -> str:
    """The name of a month's partition."""
    return f"telemetry_y{month:%Y}m{month:%m}"


def following(month: datetime) -> datetime:
    """The first instant of the next month."""
    return _first(month + timedelta(days=32))


def _first(moment: datetime) -> datetime:
    return datetime(moment.year, moment.month, 1, tzinfo=UTC)


async def _existing(connection: Connection) -> set[str]:
    rows = await connection.fetch(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = 'telemetry'::regclass AND c.relname ~ '^telemetry_y[0-9]{4}m[0-9]{2}$'"
    )
    return {row["relname"] for row in rows}
