"""Storing alerts, suspensions and the quarantine. Each statement takes rows and may be repeated without effect."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.instants import to_datetime
from sinks.postgres.connect import Connection
from sinks.postgres.projection.alert_rows import AlertEventRow, AlertRow, QuarantineRow, ShownStatusRow, SuspensionRow


async def insert_alert_events(connection: Connection, rows: Sequence[AlertEventRow]) -> None:
    """Transitions as they came; a repeat changes nothing."""
    await connection.executemany(
        """INSERT INTO alert_events (alert_id, sequence, transition, at, body, partition, "offset", stored_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING""",
        [
            (row.alert_id, row.sequence, row.transition, to_datetime(row.at), row.body, row.partition, row.offset,
             to_datetime(row.stored_at))
            for row in rows
        ],
    )  # fmt: skip


async def upsert_alerts(connection: Connection, rows: Sequence[AlertRow]) -> None:
    """What each transition makes of its alert, if its sequence is above the last."""
    await connection.executemany(
        """INSERT INTO alerts AS old (alert_id, sequence, status, rule_id, rule_version, rule_name, device_id, severity,
            message, value, threshold, unit, context, notify, acknowledged, acknowledged_by, acknowledged_at, notes,
            opened_at, resolved_at, closed_at, as_of, created_at, updated_at)
        VALUES ($1, $2, coalesce($3::text, 'open'), $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
            coalesce($15::boolean, false), CASE WHEN $15 THEN $16::text END,
            CASE WHEN $15 THEN $19::timestamptz END, $17::text, $18,
            CASE WHEN $3 = 'resolved' THEN $19 END, CASE WHEN $3 = 'closed' THEN $19 END, $21, $20, $20)
        ON CONFLICT (alert_id) DO UPDATE SET sequence = excluded.sequence, status = coalesce($3, old.status),
            severity = excluded.severity, message = excluded.message, value = coalesce(excluded.value, old.value),
            threshold = coalesce(excluded.threshold, old.threshold), unit = coalesce(excluded.unit, old.unit),
            context = old.context || excluded.context,
            notify = excluded.notify, acknowledged = coalesce($15, old.acknowledged),
            acknowledged_by = CASE WHEN $15 IS NULL THEN old.acknowledged_by ELSE excluded.acknowledged_by END,
            acknowledged_at = CASE WHEN $15 IS NULL THEN old.acknowledged_at ELSE excluded.acknowledged_at END,
            notes = coalesce($17, old.notes), resolved_at = coalesce(excluded.resolved_at, old.resolved_at),
            closed_at = coalesce(excluded.closed_at, old.closed_at), as_of = excluded.as_of,
            updated_at = excluded.updated_at
        WHERE old.sequence < excluded.sequence""",
        [
            (row.alert_id, row.sequence, row.status, row.rule_id, row.rule_version, row.rule_name, row.device_id,
             row.severity, row.message, row.value, row.threshold, row.unit, row.context, row.notify, row.acknowledged,
             row.by, row.notes, to_datetime(row.opened_at), to_datetime(row.at), to_datetime(row.received_at),
             row.offset)
            for row in rows
        ],
    )  # fmt: skip


async def insert_suspensions(connection: Connection, rows: Sequence[SuspensionRow]) -> None:
    """Rules that are not judged for a device any more."""
    await connection.executemany(
        """INSERT INTO rule_suspensions (rule_id, rule_version, device_id, error, at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING""",
        [(row.rule_id, row.rule_version, row.device_id, row.error, to_datetime(row.at)) for row in rows],
    )


async def show_statuses(connection: Connection, rows: Sequence[ShownStatusRow]) -> None:
    """What detection found out about devices, in the order in which it did."""
    await connection.executemany(
        """UPDATE devices SET status = $2, status_at = $3, as_of = greatest(as_of, $4) WHERE device_id = $1""",
        [(row.device_id, row.status, to_datetime(row.at), row.as_of) for row in rows],
    )


async def insert_quarantined(connection: Connection, rows: Sequence[QuarantineRow]) -> None:
    """What was not understood, once per input."""
    await connection.executemany(
        """INSERT INTO quarantine (identity, reason, message, by, source, index, device_id, raw, received_at, partition,
            "offset") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING""",
        [(*row[:8], to_datetime(row.received_at), row.partition, row.offset) for row in rows],
    )


async def projected_rule_versions(connection: Connection, named: set[tuple[str, int]]) -> set[tuple[str, int]]:
    """Those of the rule versions that are projected already."""
    pairs = sorted(named)
    rows = await connection.fetch(
        """SELECT rule_id, version FROM rule_versions
        JOIN unnest($1::text[], $2::bigint[]) AS named (id, v) ON rule_id = id AND version = v""",
        [rule_id for rule_id, _ in pairs],
        [version for _, version in pairs],
    )
    return {(row["rule_id"], row["version"]) for row in rows}
