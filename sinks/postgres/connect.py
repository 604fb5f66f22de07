"""Connections to PostgreSQL on which nothing waits for longer than five seconds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg

from pipeline.errors import PostgresUnavailable
from pipeline.process import metrics
from pipeline.settings import Settings

TRANSACTION_SECONDS = 5.0
_CONNECT_SECONDS = 3.0
_SERVER_SETTINGS = {
    "application_name": "insa-iiot",
    "statement_timeout": "4500",
    "lock_timeout": "3000",
    "idle_in_transaction_session_timeout": "10000",
    "timezone": "UTC",
}

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

_TROUBLE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.QueryCanceledError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.TransactionRollbackError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
)


class _StatelessConnection(asyncpg.Connection):
    """Nothing here changes a session beyond its transaction, so nothing needs to be undone between two users."""

    def get_reset_query(self) -> str:
        """Spare every transaction a round trip."""
        return ""


def make_pool(settings: Settings, *, max_size: int = 8) -> Pool:
    """A pool that connects when it is first used; `await` it, or enter it, to open it without a server."""
    return asyncpg.create_pool(
        host=settings.db_host,
        port=settings.db_port,
        database=settings.db_name,
        user=settings.db_user,
        password=settings.db_password.get_secret_value(),
        min_size=0,
        max_size=max_size,
        timeout=_CONNECT_SECONDS,
        command_timeout=TRANSACTION_SECONDS,
        max_inactive_connection_lifetime=60,
        server_settings=_SERVER_SETTINGS,
        connection_class=_StatelessConnection,
    )


@asynccontextmanager
async def transaction(pool: Pool, *, seconds: float = TRANSACTION_SECONDS) -> AsyncIterator[Connection]:
    """A connection inside a transaction that is committed at the end.

    Raises PostgresUnavailable after at most `seconds` if the server is away, hangs or gives up the transaction; the
    connection is then thrown away without a word, for saying ROLLBACK to a server that hangs would hang too.
    Any other exception rolls back and passes.
    """
    connection: asyncpg.pool.PoolConnectionProxy[asyncpg.Record] | None = None
    sound = False
    try:
        async with asyncio.timeout(seconds):
            connection = await pool.acquire(timeout=_CONNECT_SECONDS)
            await connection.execute("BEGIN")
            try:
                yield connection
            except _TROUBLE:
                raise
            except Exception:
                await connection.execute("ROLLBACK")
                sound = True
                raise
            await connection.execute("COMMIT")
            sound = True
    except _TROUBLE as error:
        metrics.POSTGRES_UNAVAILABLE.inc()
        raise PostgresUnavailable(f"PostgreSQL: {type(error).__name__}: {str(error)[:200]}") from error
    finally:
        if connection is not None:
            if not sound:
                connection.terminate()
            await pool.release(connection)
