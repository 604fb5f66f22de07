"""Applying a batch of the journal: telemetry, devices, rules, silences, policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from pipeline.codec import decode
from pipeline.journal.records import Record
from pipeline.process import metrics
from pipeline.quarantine import Quarantined
from sinks.postgres.connect import transaction
from sinks.postgres.projection import store
from sinks.postgres.projection.cached import active_rules, device_documents, journal_entries, telemetry_updates
from sinks.postgres.projection.context import Context, refused_records, straight_or_around
from sinks.postgres.projection.decoding import decode_records, quarantine_record
from sinks.postgres.projection.journal import decide, devices_named
from sinks.postgres.projection.positions import Standing, load_devices, move_position
from sinks.postgres.projection.refusals import Refused, StoreRows
from sinks.postgres.projection.rows import JournalChanges, SeenRow
from sinks.postgres.projection.telemetry import TelemetryTally
from sinks.redis.entries import Entry
from sinks.redis.updates import Updates

WRITE_EVERY_SECONDS = 5.0
_SEEN_EVERY_MS = 5_000
_MAX_DEVICES = 100_000
"""Kept in mind per partition."""


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
    await _look_up(context, standing, devices_named(decoded))
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
    seen = _seen_to_write(standing, changes.seen, everything=now - standing.written_at >= WRITE_EVERY_SECONDS)
    rows = [SeenRow(device_id, at, after.position) for device_id, at in seen.items()]

    async def attempt(store_rows: StoreRows, seconds: float) -> _Stored:
        return await _store(context, topic, partition, (standing, after), records, changes, rows, store_rows, seconds)

    stored = await straight_or_around(attempt)
    _settle(standing, after, changes, seen, now)
    _count(stored.tally)
    await _show(context, changes, stored)


async def store_seen(context: Context, topic: str, partition: int, standing: Standing, after: Standing) -> None:
    """Write the position of `after` and when devices were heard last; moves the standing."""
    seen = dict(standing.seen)
    async with transaction(context.pool) as connection:
        if seen:
            rows = [SeenRow(device_id, at, after.position) for device_id, at in seen.items()]
            await store.update_last_seen(connection, rows)
        await move_position(connection, topic, partition, context.journal, standing, after, 0)
        documents = await device_documents(connection, seen) if seen else []
    standing.stored = standing.position = after.position
    standing.seen_stored.update(seen)
    standing.seen.clear()
    standing.written_at = context.clock()
    if context.caches is not None:
        await context.caches.write(journal_entries({}, documents, None))


async def _look_up(context: Context, standing: Standing, named: set[str]) -> None:
    if len(standing.devices) > _MAX_DEVICES:
        standing.devices.clear()
        standing.seen_stored.clear()
    missing = _askable(named - standing.devices.keys())
    if missing:
        async with transaction(context.pool) as connection:
            found = await load_devices(connection, missing)
        for device_id, (known, seen) in found.items():
            standing.devices[device_id] = known
            standing.seen_stored[device_id] = seen


def _askable(device_ids: set[str]) -> list[str]:
    """PostgreSQL cannot even be asked for a name with a NUL in it, so nobody has it."""
    return [device_id for device_id in device_ids if "\0" not in device_id]


def _has_rows(changes: JournalChanges) -> bool:
    return bool(
        changes.telemetry or changes.registrations or changes.devices or changes.statuses
        or changes.rules or changes.silences or changes.policies
    )  # fmt: skip


def _seen_to_write(standing: Standing, heard: dict[str, int], *, everything: bool) -> dict[str, int]:
    """Devices first heard or not written for five seconds; the others wait for the next write of everything."""
    if everything:
        return {**standing.seen, **heard}
    stored = standing.seen_stored
    return {device_id: at for device_id, at in heard.items() if at - stored.get(device_id, 0) >= _SEEN_EVERY_MS}


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
            *await store_rows(connection, changes.registrations, store.insert_registrations),
            *await store_rows(connection, changes.devices, store.upsert_devices),
            *await store_rows(connection, changes.statuses, store.update_statuses),
        ]
        await store_rows(connection, seen, store.update_last_seen)
        await tally.count_conflicts(connection)
        # What other partitions write too comes last, so that they wait for each other as briefly as can be.
        refused += [
            *await store_rows(connection, changes.rules, store.upsert_rules),
            *await store_rows(connection, changes.silences, store.upsert_silences),
            *await store_rows(connection, changes.policies, store.insert_policies),
        ]
        if bad_values or refused:
            await context.quarantine.put(_refused_values(records, bad_values) + refused_records(records, refused))
        documents, rules = [], None
        if context.caches is not None:
            touched = _askable({*changes.known, *(row.device_id for row in seen)})
            documents = await device_documents(connection, touched) if touched else []
            rules = await active_rules(connection) if changes.rules else None
        await move_position(connection, topic, partition, context.journal, *standings, tally.inserted)
    return _Stored(tally, documents, rules, bad_values)


def _refused_values(records: Sequence[Record], refused: Sequence[Refused]) -> list[Quarantined]:
    """One quarantine entry per reading that has refused values, holding just these."""
    by_offset = {record.offset: record for record in records}
    values: dict[tuple[int, int], dict[str, object]] = {}
    said: dict[tuple[int, int], Refused] = {}
    for each in refused:
        _, key, _, number, boolean, text, _, offset, index = each.row
        values.setdefault((offset, index), {})[key] = next((v for v in (number, boolean, text) if v is not None), None)
        said.setdefault((offset, index), each)
    return [
        quarantine_record(
            by_offset[offset], "row_refused", said[offset, index].message, device_id=said[offset, index].row[0],
            index=index, raw=orjson.dumps((said[offset, index].row[0], said[offset, index].row[2], entry)),
        )
        for (offset, index), entry in values.items()
    ]  # fmt: skip


def _settle(standing: Standing, after: Standing, changes: JournalChanges, seen: dict[str, int], now: float) -> None:
    standing.stored = standing.position = after.position
    standing.journal_time = after.journal_time
    standing.policy, standing.policy_version = after.policy, after.policy_version
    standing.devices.update(changes.known)
    standing.seen.update(changes.seen)
    for device_id, at in seen.items():
        standing.seen_stored[device_id] = at
        if standing.seen.get(device_id) == at:
            del standing.seen[device_id]
    if not standing.seen or now - standing.written_at >= WRITE_EVERY_SECONDS:
        standing.written_at = now


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
