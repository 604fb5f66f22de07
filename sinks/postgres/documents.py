"""Rows as the JSON documents that caches, the API and watchers share. Times are RFC 3339 in UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import asyncpg
import orjson

from pipeline.instants import format_instant, from_datetime

DEVICE_COLUMNS = """device_id, name, device_type, location, active, metadata, version, registered_by, removed, status,
    status_details, status_at, last_seen, conflicts, created_at, updated_at"""
ALERT_COLUMNS = """alert_id, sequence, status, rule_id, rule_version, rule_name, device_id, severity, message, value,
    threshold, unit, context, notify, acknowledged, acknowledged_by, acknowledged_at, notes, opened_at, resolved_at,
    closed_at, created_at, updated_at"""
RULE_COLUMNS = "rule_id, version, name, device_id, rule_type, severity, priority, enabled, body, created_at, updated_at"
_JSON_COLUMNS = ("metadata", "status_details", "context", "body")


def document(row: asyncpg.Record) -> dict[str, Any]:
    """The document of a row that holds one of the column lists above."""
    made = dict(row.items())
    for name, value in made.items():
        if isinstance(value, datetime):
            made[name] = format_instant(from_datetime(value))
        elif name in _JSON_COLUMNS and isinstance(value, str):
            made[name] = orjson.loads(value)
    if "alert_id" in made:
        made["alert_id"] = str(made["alert_id"])
    return made
