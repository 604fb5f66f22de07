"""Applying a batch of the alert topic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pipeline.alerts import Output
from pipeline.errors import NotYet
from pipeline.instants import from_datetime
from pipeline.journal.records import Record
from pipeline.quarantine import Quarantined
from pipeline.topics import EVENTS
from sinks.postgres.connect import Connection, transaction
from sinks.postgres.projection import store_alerts
from sinks.postgres.projection.alerts import decide_alerts, read_output, rule_version_named, rule_versions_named
from sinks.postgres.projection.cached import device_documents, recent_alerts
from sinks.postgres.projection.context import Context, refused_records, straight_or_around
from sinks.postgres.projection.decoding import decode_records, quarantine_record
from sinks.postgres.projection.positions import Standing, move_position
from sinks.postgres.projection.refusals import StoreRows
from sinks.redis.entries import Entry, device_entry
from sinks.redis.updates import Updates

_MARGIN_MS = 60_000


async def apply_alerts(
    context: Context, topic: str, partition: int, standing: Standing, records: Sequence[Record]
) -> None:
    """Apply records that follow the standing's position; moves the standing. Raises as Projection.apply says."""
    decoded, quarantined = decode_records(records, read_output)
    async with transaction(context.pool) as connection:
        decoded, baseless = await _with_their_rules(connection, partition, decoded)
    if quarantined or baseless:
        await context.quarantine.put(quarantined + baseless)
    changes = decide_alerts(decoded)
    after = replace(standing, position=records[-1].offset, journal_time=records[-1].timestamp)

    async def attempt(store_rows: StoreRows, seconds: float) -> tuple[list[Entry], list[dict[str, Any]]]:
        async with transaction(context.pool, seconds=seconds) as connection:
            refused = [
                *await store_rows(connection, changes.events, store_alerts.insert_alert_events),
                *await store_rows(connection, changes.alerts, store_alerts.upsert_alerts),
                *await store_rows(connection, changes.suspensions, store_alerts.insert_suspensions),
                *await store_rows(connection, changes.statuses, store_alerts.show_statuses),
            ]
            if refused:
                await context.quarantine.put(refused_records(records, refused))
            await move_position(connection, topic, partition, context.journal, standing, after, 0)
            offsets = {each.row[-1] for each in refused}
            devices = {row.device_id for row in changes.alerts if row.offset not in offsets}
            if context.caches is None:
                return [], []
            documents = await device_documents(connection, {row.device_id for row in changes.statuses})
            entries = await recent_alerts(connection, devices, after.position)
            return entries + [device_entry(*each) for each in documents], [each for each, _ in documents]

    entries, changed = await straight_or_around(attempt)
    standing.stored = standing.position = after.position
    standing.journal_time = after.journal_time
    standing.written_at = context.clock()
    if context.caches is not None:
        await context.caches.write(entries, Updates([], changed))


async def _with_their_rules(
    connection: Connection, partition: int, decoded: list[tuple[Record, Output]]
) -> tuple[list[tuple[Record, Output]], list[Quarantined]]:
    """The records whose rule version is projected; the rest is quarantined, or waited for by raising NotYet.

    A rule's version stands in the journal before the event that made the alert. So once that event is projected and
    the version still is not, it does not exist. An offset that was made up, beyond all there is, is found out by the
    journal's time: what caused a record is older than the record.
    """
    known = await store_alerts.projected_rule_versions(connection, rule_versions_named(decoded))
    if len(known) == len(rule_versions_named(decoded)):
        return decoded, []
    position, journal_time = await _journal_standing(connection, partition)
    kept, baseless = [], []
    for record, output in decoded:
        named = rule_version_named(output)
        if named is None or named in known:
            kept.append((record, output))
        elif position >= output.cause.offset or journal_time > record.timestamp + _MARGIN_MS:
            text = f"version {named[1]} of rule {named[0][:64]} does not exist"
            baseless.append(quarantine_record(record, "unknown_rule", text, device_id=output.device_id))
        else:
            raise NotYet(f"version {named[1]} of rule {named[0]} is not projected yet")
    return kept, baseless


async def _journal_standing(connection: Connection, partition: int) -> tuple[int, int]:
    row = await connection.fetchrow(
        "SELECT position, journal_time FROM projection_offsets WHERE topic = $1 AND partition = $2",
        EVENTS.name,
        partition,
    )
    if row is None or row["journal_time"] is None:
        return -1, 0
    return row["position"], from_datetime(row["journal_time"])
