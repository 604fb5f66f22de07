"""What is kept in mind of a partition's devices, and when it is written.

When a device was heard is written at once the first time and then every five seconds, so that a value a second does
not become a row update a second.
"""

from __future__ import annotations

from sinks.postgres.connect import transaction
from sinks.postgres.projection import store_devices
from sinks.postgres.projection.cached import device_documents, journal_entries
from sinks.postgres.projection.context import Context
from sinks.postgres.projection.positions import Standing, load_devices, move_position
from sinks.postgres.projection.rows import JournalChanges, SeenRow

WRITE_EVERY_SECONDS = 5.0
_SEEN_EVERY_MS = 5_000
_MAX_DEVICES = 100_000
"""Kept in mind per partition."""


async def look_up(context: Context, standing: Standing, named: set[str]) -> None:
    """Load what is not in mind yet of the devices; raises PostgresUnavailable."""
    if len(standing.devices) > _MAX_DEVICES:
        standing.devices.clear()
        standing.seen_stored.clear()
    missing = askable(named - standing.devices.keys())
    if missing:
        async with transaction(context.pool) as connection:
            found = await load_devices(connection, missing)
        for device_id, (known, seen) in found.items():
            standing.devices[device_id] = known
            standing.seen_stored[device_id] = seen


def askable(device_ids: set[str]) -> list[str]:
    """PostgreSQL cannot even be asked for a name with a NUL in it, so nobody has it."""
    return [device_id for device_id in device_ids if "\0" not in device_id]


def seen_to_write(standing: Standing, heard: dict[str, int], *, everything: bool) -> dict[str, int]:
    """The devices to write now: first heard, or not written for five seconds; the others wait for everything."""
    if everything:
        return {**standing.seen, **heard}
    stored = standing.seen_stored
    return {device_id: at for device_id, at in heard.items() if at - stored.get(device_id, 0) >= _SEEN_EVERY_MS}


def settle(standing: Standing, after: Standing, changes: JournalChanges, seen: dict[str, int], now: float) -> None:
    """Take a committed batch into mind."""
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


async def store_seen(context: Context, topic: str, partition: int, standing: Standing, after: Standing) -> None:
    """Write the position of `after` and when devices were heard last; moves the standing."""
    seen = dict(standing.seen)
    async with transaction(context.pool) as connection:
        if seen:
            rows = [SeenRow(device_id, at, after.position) for device_id, at in seen.items()]
            await store_devices.update_last_seen(connection, rows)
        await move_position(connection, topic, partition, context.journal, standing, after, 0)
        documents = await device_documents(connection, seen) if seen else []
    standing.stored = standing.position = after.position
    standing.seen_stored.update(seen)
    standing.seen.clear()
    standing.written_at = context.clock()
    if context.caches is not None:
        await context.caches.write(journal_entries({}, documents, None))
