"""Bringing a database to the present schema: the numbered files of infra/migrations, each once and in order.

Each file runs in a transaction of its own together with the note that it ran, under an advisory lock: two
processes that start at once wait for each other, and repeating is safe. A file that was changed after it ran is
refused, for the database no longer is what the files say.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from pipeline.errors import PlatformError
from pipeline.process.logs import get_log
from pipeline.settings import Settings
from sinks.postgres.months import ensure_months

DIRECTORY = Path(__file__).resolve().parents[2] / "infra" / "migrations"
_LOCK = 7_205_759_403
_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_TABLE = """CREATE TABLE IF NOT EXISTS schema_migrations (
    number integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
)"""


class MigrationRefused(PlatformError):
    """The files and the database contradict each other; the text says how."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file."""

    number: int
    name: str
    sql: str

    @property
    def digest(self) -> str:
        """What the file is recognised by once it has run."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


async def migrate(settings: Settings, directory: Path = DIRECTORY) -> list[str]:
    """Apply what is missing, make the months of telemetry, and return the names of the files that ran.

    Raises MigrationRefused; errors of PostgreSQL pass, and leave the database as the last whole file made it.
    """
    connection = await asyncpg.connect(
        host=settings.db_host,
        port=settings.db_port,
        database=settings.db_name,
        user=settings.db_user,
        password=settings.db_password.get_secret_value(),
        timeout=10,
        server_settings={"timezone": "UTC", "client_min_messages": "warning"},
    )
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)  # ends with the connection
        await connection.execute(_TABLE)
        rows = await connection.fetch("SELECT number, name, sha256 FROM schema_migrations")
        applied = {row["number"]: (row["name"], row["sha256"]) for row in rows}
        ran = []
        for migration in missing(read_migrations(directory), applied):
            async with connection.transaction():
                await connection.execute(migration.sql)
                await connection.execute(
                    "INSERT INTO schema_migrations (number, name, sha256) VALUES ($1, $2, $3)",
                    migration.number,
                    migration.name,
                    migration.digest,
                )
            get_log("postgres").info("migrated", file=migration.name)
            ran.append(migration.name)
        await ensure_months(connection, datetime.now(UTC))
        return ran
    finally:
        await connection.close()


def read_migrations(directory: Path) -> list[Migration]:
    """The files in order; raises MigrationRefused for a wrong name or a number that is missing or stands twice."""
    found = []
    for path in sorted(directory.glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise MigrationRefused(f"{path.name}: name it like 0007_what_it_does.sql")
        found.append(Migration(int(match[1]), path.name, path.read_text(encoding="utf-8")))
    for expected, migration in enumerate(found, 1):
        if migration.number != expected:
            raise MigrationRefused(f"{migration.name}: the next number is {expected:04}; there is no gap and no repeat")
    return found


def missing(migrations: list[Migration], applied: dict[int, tuple[str, str]]) -> list[Migration]:
    """The files that did not run yet; raises MigrationRefused if one that did is not the file it was."""
    unknown = applied.keys() - {migration.number for migration in migrations}
    if unknown:
        name = applied[max(unknown)][0]
        raise MigrationRefused(f"the database was migrated by {name}, which is not here: run the newer release")
    for migration in migrations:
        if migration.number in applied and applied[migration.number][1] != migration.digest:
            raise MigrationRefused(f"{migration.name} was changed after it ran; restore it and write a new file")
    return [migration for migration in migrations if migration.number not in applied]
