"""Storing rules, silences and policies. Each statement takes rows and may be repeated without effect."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.instants import to_datetime
from sinks.postgres.connect import Connection
from sinks.postgres.projection.rows import PolicyRow, RuleRow, SilenceRow


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
