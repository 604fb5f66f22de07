"""What the caches and the watchers get to see of a batch, read in the batch's own transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sinks.postgres.connect import Connection
from sinks.postgres.documents import ALERT_COLUMNS, DEVICE_COLUMNS, RULE_COLUMNS, document
from sinks.postgres.projection.latest import Latest
from sinks.redis.entries import Entry, alerts_entry, device_entry, rules_entry, telemetry_entries
from sinks.redis.updates import TelemetryUpdate

RECENT_ALERTS = 20


async def device_documents(connection: Connection, device_ids: Collection[str]) -> list[tuple[dict[str, Any], int]]:
    """The devices' documents, each with its `as_of`."""
    rows = await connection.fetch(
        f"SELECT {DEVICE_COLUMNS}, as_of FROM devices WHERE device_id = ANY($1::text[])", sorted(device_ids)
    )
    documents = [document(row) for row in rows]
    return [(each, each.pop("as_of")) for each in documents]


async def active_rules(connection: Connection) -> Entry:
    """All enabled rules; one statement, so that the number of versions belongs to exactly these rules."""
    rows = await connection.fetch(
        f"""SELECT {RULE_COLUMNS}, versions FROM (SELECT count(*) AS versions FROM rule_versions) AS counted
        LEFT JOIN rules ON enabled AND NOT removed ORDER BY priority DESC, rule_id"""
    )
    versions = rows[0]["versions"]
    documents = [document(row) for row in rows if row["rule_id"] is not None]
    for each in documents:
        del each["versions"]
    return rules_entry(documents, versions)


async def recent_alerts(connection: Connection, device_ids: Collection[str], as_of: int) -> list[Entry]:
    """The newest alerts of each device."""
    entries = []
    for device_id in sorted(device_ids):
        rows = await connection.fetch(
            f"SELECT {ALERT_COLUMNS} FROM alerts WHERE device_id = $1 ORDER BY created_at DESC LIMIT {RECENT_ALERTS}",
            device_id,
        )
        entries.append(alerts_entry(device_id, [document(row) for row in rows], as_of))
    return entries


def journal_entries(
    latest: Mapping[str, Latest], devices: list[tuple[dict[str, Any], int]], rules: Entry | None
) -> list[Entry]:
    """Everything that a batch of the journal changes in the cache."""
    entries = [device_entry(each, as_of) for each, as_of in devices]
    if rules is not None:
        entries.append(rules)
    for device_id, newest in latest.items():
        entries += telemetry_entries(device_id, newest.values, newest.stamps)
    return entries


def telemetry_updates(latest: Mapping[str, Latest]) -> list[TelemetryUpdate]:
    """What those who watch get to see of the values."""
    return [TelemetryUpdate(device_id, newest.ts, newest.values) for device_id, newest in latest.items()]
