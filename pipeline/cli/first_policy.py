"""The first policy: written once both the journal and the database exist, whichever came last."""

from __future__ import annotations

import asyncpg
from aiokafka.errors import KafkaError

from pipeline.errors import JournalMismatch, PostgresUnavailable
from pipeline.settings import Settings
from sinks.commands import open_commands


async def ensure_first_policy(settings: Settings) -> bool:
    """Write the policy that the settings ask for if there is none; False if Kafka or the tables are not there yet.

    Repeating is safe, also at once from two commands.
    """
    try:
        async with open_commands(settings) as commands:
            await commands.ensure_policy(settings)
    except (KafkaError, JournalMismatch, PostgresUnavailable, OSError, asyncpg.UndefinedTableError):
        return False
    return True
