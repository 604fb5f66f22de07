"""Reading alerts for the measures of their quality."""

from __future__ import annotations

from datetime import datetime

from pipeline.instants import from_datetime, to_datetime
from pipeline.quality import Alarm
from sinks.postgres.connect import Pool, transaction

_PAGE = 10_000


async def alarms_between(pool: Pool, start: int, stop: int) -> list[Alarm]:
    """The alerts that opened before `stop` and were open at `start` or later (ms), page by page.

    Raises PostgresUnavailable. Alerts that open meanwhile may or may not be among them.
    """
    found: list[Alarm] = []
    after = (to_datetime(stop), "ffffffff-ffff-ffff-ffff-ffffffffffff")
    while True:
        async with transaction(pool) as connection:
            rows = await connection.fetch(
                """SELECT alert_id, rule_id, rule_name, device_id, opened_at,
                    coalesce(resolved_at, closed_at) AS ended_at, created_at, acknowledged_at,
                    notify = 'silenced' AS silenced
                FROM alerts
                WHERE (opened_at, alert_id) < ($1, $2::text::uuid)
                    AND (opened_at >= $3 OR status = 'open' OR coalesce(resolved_at, closed_at) >= $3)
                ORDER BY opened_at DESC, alert_id DESC LIMIT $4""",
                *after, to_datetime(start), _PAGE,
            )  # fmt: skip
        found += [
            Alarm(
                row["rule_id"], row["rule_name"], row["device_id"], from_datetime(row["opened_at"]),
                _instant(row["ended_at"]), from_datetime(row["created_at"]), _instant(row["acknowledged_at"]),
                row["silenced"],
            )
            for row in rows
        ]  # fmt: skip
        if len(rows) < _PAGE:
            return found
        after = (rows[-1]["opened_at"], str(rows[-1]["alert_id"]))


def _instant(moment: datetime | None) -> int | None:
    return None if moment is None else from_datetime(moment)
