"""Applying a batch of the quarantine topic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.journal.records import Record
from sinks.postgres.connect import transaction
from sinks.postgres.projection import store_alerts
from sinks.postgres.projection.context import Context
from sinks.postgres.projection.positions import Standing, move_position
from sinks.postgres.projection.quarantined import decide_quarantine


async def apply_quarantine(
    context: Context, topic: str, partition: int, standing: Standing, records: Sequence[Record]
) -> None:
    """Apply records that follow the standing's position; moves the standing. Raises as Projection.apply says."""
    rows = decide_quarantine(records)
    after = replace(standing, position=records[-1].offset, journal_time=records[-1].timestamp)
    async with transaction(context.pool) as connection:
        await store_alerts.insert_quarantined(connection, rows)
        await move_position(connection, topic, partition, context.journal, standing, after, 0)
    standing.stored = standing.position = after.position
    standing.journal_time = after.journal_time
    standing.written_at = context.clock()
