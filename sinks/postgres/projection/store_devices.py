"""Storing devices. Each statement takes rows and may be repeated without effect."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from pipeline.instants import to_datetime
from sinks.postgres.connect import Connection
from sinks.postgres.projection.rows import DeviceRow, RegistrationRow, SeenRow, StatusRow


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
                orjson.dumps(dict(device.metadata)).decode(), row.version, row.removed, row.offset, at,
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
