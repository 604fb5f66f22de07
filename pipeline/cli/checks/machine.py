"""The machine: room on the disk, memory, and a clock that can be believed."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from pipeline.cli.checks.finding import Finding
from pipeline.settings import Settings

LEAST_DISK_BYTES = 2 * 2**30
LEAST_MEMORY_BYTES = 2**30
LARGEST_SKEW = timedelta(seconds=5)
RELEASED = datetime(2026, 1, 1, tzinfo=UTC)
CONNECT_SECONDS = 5


async def check_disk(settings: Settings, env_file: Path) -> list[Finding]:
    """Kafka and PostgreSQL stop when the disk is full: look where the data is."""
    folder = (env_file.parent / settings.data_dir).resolve()
    while not folder.exists():
        folder = folder.parent
    usage = await asyncio.to_thread(shutil.disk_usage, folder)
    observation = f"{gigabytes(usage.free)} of {gigabytes(usage.total)} are free at {folder}"
    if usage.free < LEAST_DISK_BYTES:
        return [Finding("disk", observation, f"Free at least {gigabytes(LEAST_DISK_BYTES)} there.")]
    return [Finding("disk", observation)]


async def check_memory(settings: Settings, env_file: Path) -> list[Finding]:
    """The whole platform with its servers takes about a gigabyte and a half; a part of it runs already."""
    text = await asyncio.to_thread(Path("/proc/meminfo").read_text, encoding="ascii")
    available = available_bytes(text)
    observation = f"{gigabytes(available)} are available"
    if available < LEAST_MEMORY_BYTES:
        return [Finding("memory", observation, "End other programs, or give the machine more.")]
    return [Finding("memory", observation)]


async def check_clock(settings: Settings, env_file: Path) -> list[Finding]:
    """The clock must be later than this release, and agree with the database server's."""
    now = datetime.now(UTC)
    remedy = "Set the clock, for example with: timedatectl set-ntp true"
    if now < RELEASED:
        return [Finding("clock", f"it says {now:%Y-%m-%d %H:%M} UTC, which cannot be", remedy)]
    skew = await _skew_to_database(settings)
    if skew is not None and abs(skew) > LARGEST_SKEW:
        observation = f"it is {skew.total_seconds():+.1f} s off the clock of {settings.db_host}"
        return [Finding("clock", observation, f"{remedy} (here or there)")]
    return [Finding("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC")]


async def _skew_to_database(settings: Settings) -> timedelta | None:
    """Return how far our clock is ahead; None if the database cannot say, which is its own finding."""
    try:
        connection = await asyncpg.connect(
            host=settings.db_host,
            port=settings.db_port,
            user=settings.db_user,
            password=settings.db_password.get_secret_value(),
            database=settings.db_name,
            timeout=CONNECT_SECONDS,
        )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return None
    try:
        theirs: datetime = await connection.fetchval("SELECT clock_timestamp()")
        return datetime.now(UTC) - theirs
    finally:
        await connection.close()


def available_bytes(meminfo: str) -> int:
    """Read MemAvailable out of /proc/meminfo's text."""
    for line in meminfo.splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def gigabytes(count: int) -> str:
    """Write a number of bytes for a person."""
    return f"{count / 2**30:.1f} GB"
