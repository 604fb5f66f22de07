"""Claiming the next version of an object. The event goes into the outbox in the same transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import orjson

from pipeline.errors import NotFound, VersionConflict
from sinks.commands.definitions import Definition, Kind, defining_event, removing_event
from sinks.commands.outbox import put_event
from sinks.postgres.connect import Connection

Outcome: TypeAlias = Literal["created", "changed", "unchanged", "removed"]


@dataclass(frozen=True, slots=True)
class Defined:
    """What a command came to; `version` is the object's version now."""

    kind: Kind
    id: str
    version: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Claim:
    """A command that is committed with its transaction, and the outbox row to publish after that, if any."""

    defined: Defined
    outbox_id: int | None


@dataclass(frozen=True, slots=True)
class _Entry:
    version: int
    body: object
    removed: bool


_ABSENT = _Entry(0, None, removed=True)


async def claim_definition(connection: Connection, definition: Definition, by: str, expected: int | None) -> Claim:
    """Make the definition the next version, or find that it says what is in force already.

    Of two at once the second waits for the first. Raises VersionConflict if `expected` is given and is not the
    version in force (0: the object does not exist).
    """
    kind, object_id = definition.kind, definition.id
    entry = await _lock(connection, kind, object_id)
    _check(kind, object_id, entry, expected)
    if not entry.removed and entry.body == definition.body:
        return Claim(Defined(kind, object_id, entry.version, "unchanged"), None)
    version = entry.version + 1
    await connection.execute(
        """UPDATE registry SET version = $3, body = $4, removed = false, changed_by = $5, changed_at = now()
        WHERE kind = $1 AND id = $2""",
        kind, object_id, version, orjson.dumps(definition.body).decode(), by,
    )  # fmt: skip
    outbox_id = await put_event(connection, defining_event(definition, version))
    return Claim(Defined(kind, object_id, version, "created" if entry.removed else "changed"), outbox_id)


async def claim_removal(connection: Connection, kind: Kind, object_id: str, by: str, expected: int | None) -> Claim:
    """Make the removal the next version; raises NotFound and VersionConflict. Removing twice is no error."""
    entry = await _lock(connection, kind, object_id)
    _check(kind, object_id, entry, expected)
    if entry.version == 0 and not (kind == "device" and await _registered_itself(connection, object_id)):
        raise NotFound(f"there is no {kind} {object_id[:64]!r}")
    if entry.version > 0 and entry.removed:
        return Claim(Defined(kind, object_id, entry.version, "unchanged"), None)
    version = entry.version + 1
    await connection.execute(
        """UPDATE registry SET version = $3, removed = true, changed_by = $4, changed_at = now()
        WHERE kind = $1 AND id = $2""",
        kind, object_id, version, by,
    )  # fmt: skip
    outbox_id = await put_event(connection, removing_event(kind, object_id, version))
    return Claim(Defined(kind, object_id, version, "removed"), outbox_id)


async def _lock(connection: Connection, kind: Kind, object_id: str) -> _Entry:
    """The object's entry, locked until the transaction ends; made if there is none, and then void on a rollback."""
    await connection.execute(
        """INSERT INTO registry (kind, id, version, body, removed, changed_by) VALUES ($1, $2, 0, '{}', true, '')
        ON CONFLICT DO NOTHING""",
        kind, object_id,
    )  # fmt: skip
    row = await connection.fetchrow(
        "SELECT version, body, removed FROM registry WHERE kind = $1 AND id = $2 FOR UPDATE", kind, object_id
    )
    return _ABSENT if row is None else _Entry(row["version"], orjson.loads(row["body"]), row["removed"])


def _check(kind: Kind, object_id: str, entry: _Entry, expected: int | None) -> None:
    present = 0 if entry.removed else entry.version
    if expected is not None and expected not in (entry.version, present):
        raise VersionConflict(
            f"{kind} {object_id[:64]!r} is at version {entry.version}, not {expected}; read it again and decide anew"
        )


async def _registered_itself(connection: Connection, device_id: str) -> bool:
    found = await connection.fetchval("SELECT 1 FROM devices WHERE device_id = $1 AND NOT removed", device_id)
    return found is not None
