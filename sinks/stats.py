"""The numbers on the first page: counted in PostgreSQL now and then, kept in the cache under `stats:*`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from pipeline.instants import from_datetime
from sinks.postgres.connect import Connection, Pool, transaction
from sinks.redis.caches import Caches
from sinks.redis.entries import stats_entry

ONLINE_SECONDS = 300
"""A device counts as online if it was heard within this time and did not say that it leaves."""

_COUNTS = f"""SELECT
    (SELECT count(*) FROM devices WHERE NOT removed) AS devices_total,
    (SELECT count(*) FROM devices WHERE NOT removed AND status <> 'offline'
        AND last_seen > $1::timestamptz - '{ONLINE_SECONDS} seconds'::interval) AS devices_online,
    (SELECT count(*) FROM alerts WHERE status = 'open') AS alerts_open,
    (SELECT count(*) FROM alerts WHERE status = 'open' AND NOT acknowledged) AS alerts_unacknowledged,
    (SELECT count(*) FROM alerts WHERE created_at > $1::timestamptz - '1 day'::interval) AS alerts_last_day,
    (SELECT count(*) FROM rules WHERE enabled AND NOT removed) AS rules_active,
    (SELECT coalesce(sum(telemetry_rows), 0)::bigint FROM projection_offsets) AS telemetry_rows"""
_KEPT = "2 days"


@dataclass(frozen=True, slots=True)
class Stats:
    """The numbers; each is also a key of the cache."""

    devices_total: int
    devices_online: int
    alerts_open: int
    alerts_unacknowledged: int
    alerts_last_day: int
    rules_active: int
    telemetry_rows: int
    """Values stored since the database exists."""
    telemetry_last_hour: int
    """Values stored within the last hour, or since the first sample within it."""


class StatsRefresher:
    """Counts and caches. One process at a time is enough; more do no harm."""

    def __init__(self, pool: Pool, caches: Caches | None) -> None:
        self._pool = pool
        self._caches = caches

    async def refresh(self, now: datetime) -> Stats:
        """Count, note the total for the hours to come, and cache; raises PostgresUnavailable."""
        async with transaction(self._pool) as connection:
            stats = await _count(connection, now)
            await connection.execute(
                "INSERT INTO telemetry_totals (at, rows) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                now,
                stats.telemetry_rows,
            )
            await connection.execute(
                f"DELETE FROM telemetry_totals WHERE at < $1::timestamptz - '{_KEPT}'::interval", now
            )
        if self._caches is not None:
            as_of = from_datetime(now)
            await self._caches.write([stats_entry(name, value, as_of) for name, value in asdict(stats).items()])
        return stats


async def _count(connection: Connection, now: datetime) -> Stats:
    counts = (await connection.fetch(_COUNTS, now))[0]
    # The last sample that is an hour old, or the first there is: rates without counting rows.
    before = await connection.fetchval(
        """SELECT rows FROM telemetry_totals ORDER BY at <= $1::timestamptz - '1 hour'::interval DESC,
            CASE WHEN at <= $1::timestamptz - '1 hour'::interval THEN $1 - at ELSE at - $1 END LIMIT 1""",
        now,
    )
    total = counts["telemetry_rows"]
    return Stats(**dict(counts.items()), telemetry_last_hour=0 if before is None else total - before)
