"""The statements of the projection's other tables. Each takes rows and may be repeated without effect."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from pipeline.instants import to_datetime
from sinks.postgres.connect import Connection
from sinks.postgres.projection.rows import (
    AlertEventRow,
    AlertRow,
    DeviceRow,
    PolicyRow,
    QuarantineRow,
    RegistrationRow,
    RuleRow,
    SeenRow,
    SilenceRow,
    StatusRow,
    SuspensionRow,
)


async def insert_registrations(connection: Connection, rows: Sequence[RegistrationRow]) -> None:
    """Devices that registered themselves, unless they are known by now."""
    await connection.executemany(
        """INSERT INTO devices (device_id, name, registered_by, as_of, created_at, updated_at)
        VALUES ($1, $1, 'itself', $2, $3, $3) ON CONFLICT DO NOTHING""",
        [(row.device_id, row.offset, to_datetime(row.at)) for row in sorted(rows)],
    )


async def upsert_devices(connection: Connection, rows: Sequence[DeviceRow]) -> None:
    """Definitions and removals, if their version is higher than the stored one."""
    for row in sorted(rows, key=lambda each: each.device_id):
        at, device = to_datetime(row.at), row.device
        if device is None:
            await connection.execute(
                """INSERT INTO devices AS old (device_id, name, version, removed, registered_by, as_of, created_at,
                    updated_at) VALUES ($1, $1, $2, true, 'command', $3, $4, $4)
                ON CONFLICT (device_id) DO UPDATE SET version = excluded.version, removed = true,
                    as_of = greatest(old.as_of, excluded.as_of), updated_at = excluded.updated_at
                WHERE old.version < excluded.version""",
                row.device_id, row.version, row.offset, at,
            )  # fmt: skip
        else:
            await connection.execute(
                """INSERT INTO devices AS old (device_id, name, device_type, location, active, metadata, version,
                    removed, registered_by, as_of, created_at, updated_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'command', $9, $10, $10)
                ON CONFLICT (device_id) DO UPDATE SET name = excluded.name, device_type = excluded.device_type,
                    location = excluded.location, active = excluded.active, metadata = excluded.metadata,
                    version = excluded.version, removed = excluded.removed, registered_by = 'command',
                    as_of = greatest(old.as_of, excluded.as_of), updated_at = excluded.updated_at
                WHERE old.version < excluded.version""",
                row.device_id, device.name, device.device_type, device.location, device.active,
                json_text(dict(device.metadata)), row.version, row.removed, row.offset, at,
            )  # fmt: skip


async def update_statuses(connection: Connection, rows: Sequence[StatusRow]) -> None:
    """What devices said of themselves."""
    await connection.executemany(
        """UPDATE devices SET status = $2, status_details = $3, status_at = $4, as_of = greatest(as_of, $5)
        WHERE device_id = $1""",
        [(row.device_id, row.status, row.details, to_datetime(row.at), row.offset) for row in sorted(rows)],
    )


async def update_last_seen(connection: Connection, rows: Sequence[SeenRow]) -> None:
    """When devices were heard last; never set back."""
    ordered = sorted(rows)
    await connection.execute(
        """UPDATE devices SET last_seen = given.at, as_of = greatest(devices.as_of, given.as_of) FROM (
            SELECT device_id, 'epoch'::timestamptz + ms * '1 millisecond'::interval AS at, as_of
            FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS each (device_id, ms, as_of)) AS given
        WHERE devices.device_id = given.device_id AND (last_seen IS NULL OR last_seen < given.at)""",
        *zip(*ordered, strict=True),
    )


async def upsert_rules(connection: Connection, rows: Sequence[RuleRow]) -> None:
    """Every version is kept; the current row follows the highest. The same version comes once per partition."""
    for row in sorted(rows, key=lambda each: (each.rule_id, each.version)):
        at = to_datetime(row.at)
        await connection.execute(
            """INSERT INTO rule_versions (rule_id, version, removed, body, defined_at) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT DO NOTHING""",
            row.rule_id, row.version, row.body is None, row.body, at,
        )  # fmt: skip
        if row.body is None:
            await connection.execute(
                """INSERT INTO rules AS old (rule_id, version, name, enabled, removed, created_at, updated_at)
                VALUES ($1, $2, $1, false, true, $3, $3)
                ON CONFLICT (rule_id) DO UPDATE SET version = excluded.version, removed = true,
                    updated_at = excluded.updated_at WHERE old.version < excluded.version""",
                row.rule_id, row.version, at,
            )  # fmt: skip
        else:
            await connection.execute(
                """INSERT INTO rules AS old (rule_id, version, name, device_id, rule_type, severity, priority, enabled,
                    body, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
                ON CONFLICT (rule_id) DO UPDATE SET version = excluded.version, name = excluded.name,
                    device_id = excluded.device_id, rule_type = excluded.rule_type, severity = excluded.severity,
                    priority = excluded.priority, enabled = excluded.enabled, removed = false, body = excluded.body,
                    updated_at = excluded.updated_at WHERE old.version < excluded.version""",
                row.rule_id, row.version, row.name, row.device_id, row.rule_type, row.severity, row.priority,
                row.enabled, row.body, at,
            )  # fmt: skip


async def upsert_silences(connection: Connection, rows: Sequence[SilenceRow]) -> None:
    """Silences, if their version is higher than the stored one."""
    for row in sorted(rows, key=lambda each: (each.silence_id, each.version)):
        removed = row.starts_at is None
        await connection.execute(
            """INSERT INTO silences AS old (silence_id, version, removed, starts_at, ends_at, reason, created_by,
                device_id, rule_id, severity, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            ON CONFLICT (silence_id) DO UPDATE SET version = excluded.version, removed = excluded.removed,
                starts_at = coalesce(excluded.starts_at, old.starts_at),
                ends_at = coalesce(excluded.ends_at, old.ends_at), reason = coalesce(excluded.reason, old.reason),
                created_by = coalesce(excluded.created_by, old.created_by),
                device_id = CASE WHEN excluded.removed THEN old.device_id ELSE excluded.device_id END,
                rule_id = CASE WHEN excluded.removed THEN old.rule_id ELSE excluded.rule_id END,
                severity = CASE WHEN excluded.removed THEN old.severity ELSE excluded.severity END,
                updated_at = excluded.updated_at
            WHERE old.version < excluded.version""",
            row.silence_id, row.version, removed,
            None if row.starts_at is None else to_datetime(row.starts_at),
            None if row.ends_at is None else to_datetime(row.ends_at),
            row.reason, row.created_by, row.device_id, row.rule_id, row.severity, to_datetime(row.at),
        )  # fmt: skip


async def insert_policies(connection: Connection, rows: Sequence[PolicyRow]) -> None:
    """Every version of the policy."""
    await connection.executemany(
        "INSERT INTO policies (version, body, defined_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        [(row.version, row.body, to_datetime(row.at)) for row in sorted(rows)],
    )


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
            severity = excluded.severity, message = excluded.message, value = excluded.value,
            threshold = excluded.threshold, unit = excluded.unit, context = excluded.context,
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


def json_text(value: object) -> str:
    """JSON as PostgreSQL takes it."""
    return orjson.dumps(value).decode()
