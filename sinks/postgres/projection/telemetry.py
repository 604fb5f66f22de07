"""Storing values: one statement for a batch; of one device, key and time the first value stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sinks.postgres.connect import Connection
from sinks.postgres.projection.rows import TelemetryRow

_GIVEN = """
    unnest($1::text[], $2::text[], $3::bigint[], $4::double precision[], $5::boolean[], $6::text[], $7::bigint[])
    AS given (device_id, key, ts, value, value_bool, value_text, received_at)"""
_INSERT = f"""INSERT INTO telemetry (device_id, key, ts, value, value_bool, value_text, received_at)
    SELECT device_id, key, 'epoch'::timestamptz + ts * '1 millisecond'::interval, value, value_bool, value_text,
        'epoch'::timestamptz + received_at * '1 millisecond'::interval
    FROM {_GIVEN} ON CONFLICT DO NOTHING"""
# Rows of this very batch are there already and equal themselves, so only what lost to another value is left.
_CONFLICTS = f"""SELECT given.device_id, count(*) FROM {_GIVEN} JOIN telemetry AS stored
    ON stored.device_id = given.device_id AND stored.key = given.key
    AND stored.ts = 'epoch'::timestamptz + given.ts * '1 millisecond'::interval
    WHERE (stored.value, stored.value_bool, stored.value_text)
        IS DISTINCT FROM (given.value, given.value_bool, given.value_text)
    GROUP BY given.device_id"""
_COUNT = "UPDATE devices SET conflicts = conflicts + $2 WHERE device_id = $1"


class TelemetryTally:
    """Inserts values and counts what became of them."""

    def __init__(self) -> None:
        self.inserted = 0
        self.duplicates = 0
        self.conflicts: Counter[str] = Counter()

    async def insert(self, connection: Connection, rows: Sequence[TelemetryRow]) -> None:
        """Insert the rows; nothing is counted if PostgreSQL refuses one of them."""
        columns = list(zip(*rows, strict=True))[:7]
        answer = await connection.execute(_INSERT, *columns)
        inserted = int(answer.rpartition(" ")[2])
        if inserted < len(rows):
            conflicts = {row[0]: row[1] for row in await connection.fetch(_CONFLICTS, *columns)}
            self.conflicts.update(conflicts)
            self.duplicates += len(rows) - inserted - sum(conflicts.values())
        self.inserted += inserted

    async def count_conflicts(self, connection: Connection) -> None:
        """Add the conflicts to their devices' counts."""
        if self.conflicts:
            await connection.executemany(_COUNT, sorted(self.conflicts.items()))
