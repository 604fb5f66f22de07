"""Applying a batch of the journal: telemetry, devices, rules, silences, policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.codec import decode
from pipeline.journal.records import Record
from pipeline.process import metrics
from sinks.postgres.connect import transaction
from sinks.postgres.projection import store_definitions, store_devices
from sinks.postgres.projection.cached import active_rules, device_documents, journal_entries, telemetry_updates
from sinks.postgres.projection.context import Context, refused_records, refused_values, straight_or_around
from sinks.postgres.projection.decoding import decode_records
from sinks.postgres.projection.frames import devices_named
from sinks.postgres.projection.journal import decide
from sinks.postgres.projection.memory import WRITE_EVERY_SECONDS, askable, look_up, seen_to_write, settle
from sinks.postgres.projection.positions import Standing, move_position
from sinks.postgres.projection.refusals import Refused, StoreRows
from sinks.postgres.projection.rows import JournalChanges, SeenRow
from sinks.postgres.projection.telemetry import TelemetryTally
from sinks.redis.entries import Entry
from sinks.redis.updates import Updates


@dataclass(frozen=True, slots=True)
class _Stored:
    """What a committed batch has to tell."""

    tally: TelemetryTally
    documents: list[tuple[dict[str, Any], int]]
    rules: Entry | None
    refused: list[Refused]


async def apply_journal(
    context: Context, topic: str, partition: int, standing: Standing, records: Sequence[Record]
) -> None:
    """Apply records that follow the standing's position; moves the standing. Raises as Projection.apply says."""
    decoded, undecodable = decode_records(records, decode)
    await look_up(context, standing, devices_named(decoded))
    changes = decide(decoded, standing.devices, standing.policy, standing.policy_version)
    quarantined = undecodable + changes.quarantined
    if quarantined:
        await context.quarantine.put(quarantined)
    after = replace(
        standing,
        position=records[-1].offset,
        journal_time=max(standing.journal_time, max(record.timestamp for record in records)),
        policy=changes.policy,
        policy_version=changes.policy_version,
    )
    now = context.clock()
    if not quarantined and not _has_rows(changes) and now - standing.written_at < WRITE_EVERY_SECONDS:
        standing.position, standing.journal_time = after.position, after.journal_time
        standing.seen.update(changes.seen)
        return
    seen = seen_to_write(standing, changes.seen, everything=now - standing.written_at >= WRITE_EVERY_SECONDS)
    rows = [SeenRow(device_id, at, after.position) for device_id, at in seen.items()]

    async def attempt(store_rows: StoreRows, seconds: float) -> _Stored:
        return await _store(context, topic, partition, (standing, after), records, changes, rows, store_rows, seconds)

    stored = await straight_or_around(attempt)
    settle(standing, after, changes, seen, now)
    _count(stored.tally)
    await _show(context, changes, stored)


def _has_rows(changes: JournalChanges) -> bool:
    return bool(
        changes.telemetry or changes.registrations or changes.devices or changes.statuses
        or changes.rules or changes.silences or changes.policies
    )  # fmt: skip


async def _store(
    context: Context,
    topic: str,
    partition: int,
    standings: tuple[Standing, Standing],
    records: Sequence[Record],
    changes: JournalChanges,
    seen: list[SeenRow],
    store_rows: StoreRows,
    seconds: float,
) -> _Stored:
    tally = TelemetryTally()
    async with transaction(context.pool, seconds=seconds) as connection:
        bad_values = await store_rows(connection, changes.telemetry, tally.insert)
        refused = [
            *await store_rows(connection, changes.registrations, store_devices.insert_registrations),
            *await store_rows(connection, changes.devices, store_devices.upsert_devices),
            *await store_rows(connection, changes.statuses, store_devices.update_statuses),
        ]
        await store_rows(connection, seen, store_devices.update_last_seen)
        await tally.count_conflicts(connection)
        # What other partitions write too comes last, so that they wait for each other as briefly as can be.
        refused += [
            *await store_rows(connection, changes.rules, store_definitions.upsert_rules),
            *await store_rows(connection, changes.silences, store_definitions.upsert_silences),
            *await store_rows(connection, changes.policies, store_definitions.insert_policies),
        ]
        if bad_values or refused:
            await context.quarantine.put(refused_values(records, bad_values) + refused_records(records, refused))
        documents, rules = [], None
        if context.caches is not None:
            touched = askable({*changes.known, *(row.device_id for row in seen)})
            documents = await device_documents(connection, touched) if touched else []
            rules = await active_rules(connection) if changes.rules else None
        await move_position(connection, topic, partition, context.journal, *standings, tally.inserted)
    return _Stored(tally, documents, rules, bad_values)


def _count(tally: TelemetryTally) -> None:
    for fate, count in (
        ("stored", tally.inserted),
        ("duplicate", tally.duplicates),
        ("conflict", tally.conflicts.total()),
    ):
        if count:
            metrics.TELEMETRY_ROWS.labels(fate).inc(count)


async def _show(context: Context, changes: JournalChanges, stored: _Stored) -> None:
    if context.caches is None:
        return
    spoiled = {each.row[0] for each in stored.refused}
    latest = {device_id: each for device_id, each in changes.latest.items() if device_id not in spoiled}
    changed = [each for each, _ in stored.documents if each["device_id"] in changes.known]
    await context.caches.write(
        journal_entries(latest, stored.documents, stored.rules), Updates(telemetry_updates(latest), changed)
    )
