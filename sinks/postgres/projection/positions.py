"""Where each partition of each topic stands; moved in the same transaction as the rows it speaks of."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import msgspec
import orjson

from pipeline.errors import JournalMismatch, StalePosition
from pipeline.instants import from_datetime, to_datetime
from pipeline.journal.identity import Journal
from pipeline.policy import DEFAULT_POLICY, Policy
from sinks.postgres.connect import Connection
from sinks.postgres.projection.rows import Known


@dataclass(slots=True)
class Standing:
    """What is kept in mind of a partition between two batches; dropped after any failure."""

    stored: int
    """The position as PostgreSQL has it."""
    position: int
    """The position reached; what lies between changes no row."""
    journal_time: int
    policy: Policy = DEFAULT_POLICY
    policy_version: int = 0
    devices: dict[str, Known] = field(default_factory=dict)
    seen_stored: dict[str, int] = field(default_factory=dict)
    """When a device was heard last, as PostgreSQL has it."""
    seen: dict[str, int] = field(default_factory=dict)
    """When a device was heard last, where PostgreSQL does not have it yet."""
    written_at: float = 0.0
    """When something was written last, on the caller's monotonic clock."""


async def load_standing(connection: Connection, topic: str, partition: int, journal: Journal) -> Standing:
    """Where the partition stands, begun at -1 if it is new; raises JournalMismatch."""
    await connection.execute(
        """INSERT INTO projection_offsets (topic, partition, journal_id, position) VALUES ($1, $2, $3, -1)
        ON CONFLICT DO NOTHING""",
        topic, partition, journal.journal_id,
    )  # fmt: skip
    row = await connection.fetchrow(
        """SELECT position, journal_id, journal_time, policy_version, policy FROM projection_offsets
        WHERE topic = $1 AND partition = $2""",
        topic, partition,
    )  # fmt: skip
    if row is None:
        raise StalePosition(f"the position of {topic}[{partition}] was removed meanwhile")
    if row["journal_id"] != journal.journal_id:
        raise JournalMismatch(
            f"the database follows journal {row['journal_id']}, Kafka holds journal {journal.journal_id}; if Kafka's"
            " data was lost or replaced on purpose, run: iiot journal adopt"
        )
    return Standing(
        stored=row["position"],
        position=row["position"],
        journal_time=0 if row["journal_time"] is None else from_datetime(row["journal_time"]),
        policy=DEFAULT_POLICY if row["policy"] is None else msgspec.convert(orjson.loads(row["policy"]), Policy),
        policy_version=row["policy_version"],
    )


async def move_position(
    connection: Connection, topic: str, partition: int, journal: Journal, before: Standing, after: Standing, rows: int
) -> None:
    """Store the position and what belongs to it; raises StalePosition if the stored one is not the remembered one."""
    policy = orjson.dumps(asdict(after.policy)).decode() if after.policy_version else None
    answer = await connection.execute(
        """UPDATE projection_offsets SET position = $5, journal_time = $6, policy_version = $7, policy = $8,
            telemetry_rows = telemetry_rows + $9, updated_at = now()
        WHERE topic = $1 AND partition = $2 AND journal_id = $3 AND position = $4""",
        topic, partition, journal.journal_id, before.stored, after.position, to_datetime(after.journal_time),
        after.policy_version, policy, rows,
    )  # fmt: skip
    if answer != "UPDATE 1":
        raise StalePosition(f"{topic}[{partition}] is no longer at {before.stored}: somebody else projects it")


async def load_devices(connection: Connection, device_ids: list[str]) -> dict[str, tuple[Known, int]]:
    """What is known of the devices that exist, and when each was heard last (0 for never)."""
    rows = await connection.fetch(
        "SELECT device_id, version, removed, status, last_seen FROM devices WHERE device_id = ANY($1::text[])",
        device_ids,
    )
    return {
        row["device_id"]: (
            Known(row["version"], row["removed"], row["status"]),
            0 if row["last_seen"] is None else from_datetime(row["last_seen"]),
        )
        for row in rows
    }
