"""PostgreSQL: does it let us in, is it new enough, are the tables there?"""

from __future__ import annotations

from pathlib import Path

import asyncpg

from pipeline.cli.checks.finding import Finding
from pipeline.cli.checks.reach import advice, no_answer, short, where
from pipeline.settings import Settings

CONNECT_SECONDS = 5
OLDEST_VERSION = 14
SUBJECT = "PostgreSQL"


async def check_database(settings: Settings, env_file: Path) -> list[Finding]:
    """Log in and look for a table; each way of not getting in has its own remedy."""
    at = where(settings, "postgres")
    try:
        connection = await asyncpg.connect(
            host=settings.db_host,
            port=settings.db_port,
            user=settings.db_user,
            password=settings.db_password.get_secret_value(),
            database=settings.db_name,
            timeout=CONNECT_SECONDS,
        )
    except asyncpg.InvalidAuthorizationSpecificationError as error:
        return [Finding(SUBJECT, f"{at}: {short(error)}", "Correct DB_USER and DB_PASSWORD in .env.")]
    except asyncpg.InvalidCatalogNameError:
        remedy = f"CREATE DATABASE {settings.db_name} OWNER {settings.db_user}, or correct DB_NAME in .env."
        return [Finding(SUBJECT, f"{at} has no database {settings.db_name}", remedy)]
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        remedy = advice(settings, "postgres", "DB_HOST and DB_PORT")
        return [Finding(SUBJECT, no_answer(at, error), remedy)]
    try:
        return [await _look_inside(connection, at)]
    finally:
        await connection.close()


async def _look_inside(connection: asyncpg.Connection, at: str) -> Finding:
    version = connection.get_server_version().major
    if version < OLDEST_VERSION:
        return Finding(SUBJECT, f"{at} is version {version}", f"Use version {OLDEST_VERSION} or newer.")
    if await connection.fetchval("SELECT to_regclass('telemetry')") is None:
        return Finding(SUBJECT, f"{at} lets us in, but has no tables", "./iiot migrate makes them.")
    return Finding(SUBJECT, f"{at} lets us in; version {version}, tables are there")
