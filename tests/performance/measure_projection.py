"""Measure what a message with three values costs the projection: python -m tests.performance.measure_projection.

Starts servers of its own; prints CPU per message of this process, wall time and rows per second.
"""

from __future__ import annotations

import resource
import sys
import time

import uvloop

from pipeline.events import Scalar
from pipeline.journal.identity import Journal
from pipeline.topics import EVENTS
from sinks.postgres.connect import make_pool
from sinks.postgres.migrate import migrate
from sinks.postgres.projection import Projection
from sinks.redis.caches import Caches, make_redis
from tests.support.records import KeptQuarantine, event_record, frame
from tests.support.stack import LocalStack

MESSAGES, DEVICES, PER_FRAME = 200_000, 200, 1_000


async def main() -> None:
    """Apply frames of a thousand messages and print the cost."""
    per_frame = int(sys.argv[1]) if len(sys.argv) > 1 else PER_FRAME
    local = LocalStack()
    try:
        local.start_all()
        settings = local.settings()
        await migrate(settings)
        start = int(time.time() * 1000) - MESSAGES * 1000
        records = []
        message = 0
        for offset in range(MESSAGES // per_frame):
            entries: list[tuple[str, int, dict[str, Scalar]]] = []
            for _ in range(per_frame):
                values: dict[str, Scalar] = {
                    "temperature": 20 + message % 97 / 7,
                    "humidity": 50.5,
                    "pressure": message,
                }
                entries.append((f"device-{message % DEVICES:04}", start + message, values))
                message += 1
            records.append(event_record(frame(*entries), offset, at=start + message))
        redis = make_redis(settings)
        async with make_pool(settings) as pool:
            for caches in (None, Caches(redis)):
                await pool.execute("TRUNCATE telemetry, devices, projection_offsets")
                projection = Projection(pool, caches, KeptQuarantine(), Journal("measured", 1))
                await projection.load(EVENTS.name, 0)
                cpu, wall = _cpu(), time.perf_counter()
                for record in records:
                    await projection.apply(EVENTS.name, 0, [record])
                cpu, wall = _cpu() - cpu, time.perf_counter() - wall
                rows = await pool.fetchval("SELECT count(*) FROM telemetry")
                print(
                    f"{'with' if caches else 'without'} caches, frames of {per_frame}:"
                    f" {cpu / MESSAGES * 1e6:.1f} µs CPU a message,"
                    f" {MESSAGES / wall:,.0f} messages/s, {rows / wall:,.0f} rows/s, {rows:,} rows"
                )
        await redis.aclose()
    finally:
        local.shut_down()


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    uvloop.run(main())
