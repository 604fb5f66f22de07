"""Reading alerts from their projection."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from pipeline.alert_codec import ALERT_TYPE, VERSION, decode_output
from pipeline.alerts import AlertEvent
from pipeline.errors import NotFound, PlatformError
from pipeline.rules.model import Rule, parse_rule
from sinks.postgres.connect import Pool, transaction

_ID = re.compile(r"[0-9a-fA-F-]{4,36}")
_FIELDS = """alert_id, sequence, status, rule_id, rule_version, rule_name, device_id, severity, message, notify,
    acknowledged, acknowledged_by, acknowledged_at, notes, opened_at, resolved_at, closed_at"""


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """An alert as it is now."""

    alert_id: str
    sequence: int
    status: str
    rule_id: str
    rule_version: int
    rule_name: str
    device_id: str
    severity: str
    message: str
    notify: str
    acknowledged: bool
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    notes: str | None
    opened_at: datetime
    resolved_at: datetime | None
    closed_at: datetime | None


async def find_alert(pool: Pool, given: str) -> StoredAlert:
    """The alert whose id is, or begins with, what was given (at least four characters).

    Raises NotFound, PlatformError if several begin so, PostgresUnavailable.
    """
    if not _ID.fullmatch(given):
        raise PlatformError("ALERT_ID: use the id that iiot alerts list shows, or at least its first four characters")
    async with transaction(pool) as connection:
        rows = await connection.fetch(
            f"SELECT {_FIELDS} FROM alerts WHERE alert_id::text LIKE $1 ORDER BY opened_at DESC LIMIT 2",
            given.lower() + "%",
        )
    if not rows:
        raise NotFound(f"there is no alert {given}; iiot alerts list shows those there are")
    if len(rows) > 1:
        raise PlatformError(f"ALERT_ID: several alerts begin with {given}; give more of it")
    return _alert(rows[0])


async def list_alerts(
    pool: Pool, *, status: str | None, device_id: str | None, rule_id: str | None, severity: str | None, limit: int
) -> list[StoredAlert]:
    """The newest alerts that match; None matches all. Raises PostgresUnavailable."""
    async with transaction(pool) as connection:
        rows = await connection.fetch(
            f"""SELECT {_FIELDS} FROM alerts
            WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR device_id = $2)
                AND ($3::text IS NULL OR rule_id = $3) AND ($4::text IS NULL OR severity = $4)
            ORDER BY opened_at DESC, alert_id LIMIT $5""",
            status, device_id, rule_id, severity, limit,
        )  # fmt: skip
    return [_alert(row) for row in rows]


async def transitions_of(pool: Pool, alert_id: str) -> list[AlertEvent]:
    """All transitions of an alert in their order; raises PostgresUnavailable."""
    async with transaction(pool) as connection:
        rows = await connection.fetch(
            "SELECT transition, body FROM alert_events WHERE alert_id = $1 ORDER BY sequence", alert_id
        )
    return [_event(row["transition"], row["body"]) for row in rows]


async def rule_version(pool: Pool, rule_id: str, version: int) -> Rule | None:
    """A version of a rule; None if it is not stored. Raises PostgresUnavailable."""
    async with transaction(pool) as connection:
        body = await connection.fetchval(
            "SELECT body FROM rule_versions WHERE rule_id = $1 AND version = $2", rule_id, version
        )
    return None if body is None else parse_rule(orjson.loads(body))


def _alert(row: Any) -> StoredAlert:
    return StoredAlert(**{**row, "alert_id": str(row["alert_id"])})


def _event(transition: str, body: str) -> AlertEvent:
    headers = (("ce_type", (ALERT_TYPE + transition).encode()), ("v", str(VERSION).encode()))
    event = decode_output(headers, body.encode())
    if not isinstance(event, AlertEvent):
        raise TypeError(f"a stored {transition} is no alert event")
    return event
