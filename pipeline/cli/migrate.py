"""`iiot migrate`: the database's tables."""

from __future__ import annotations

import asyncio

from pipeline.cli.failures import reaching_postgres


def migrate() -> None:
    """Bring the database's tables up to date; repeating is safe."""
    from pipeline.cli.failures import silence_kafka
    from pipeline.cli.first_policy import ensure_first_policy
    from pipeline.settings import load_settings
    from sinks.postgres.migrate import migrate as apply

    settings = load_settings()
    with reaching_postgres(settings):
        ran = asyncio.run(apply(settings))
    for name in ran:
        print(f"applied {name}")
    print(f"the database {settings.db_name} is up to date")
    silence_kafka()
    asyncio.run(ensure_first_policy(settings))
