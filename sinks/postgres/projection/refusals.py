"""Finding the rows that PostgreSQL refuses, so that the rest can be stored."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import asyncpg

from sinks.postgres.connect import Connection

# What PostgreSQL says about a row: class 22 data exceptions, 23 constraints, 54 limits. The last is Python's: a time
# or a number beyond what a column can hold.
REFUSALS = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    OverflowError,
)

Row = TypeVar("Row", bound=tuple[Any, ...])
Insert = Callable[[Connection, Sequence[Row]], Awaitable[None]]


class StoreRows(Protocol):
    """One of the two ways below."""

    async def __call__(self, connection: Connection, rows: Sequence[Row], insert: Insert[Row]) -> list[Refused]:
        """Store the rows; returns those that were refused."""


class Refused(NamedTuple):
    """A row and what PostgreSQL said of it."""

    row: tuple[Any, ...]
    message: str


async def store_around(connection: Connection, rows: Sequence[Row], insert: Insert[Row]) -> list[Refused]:
    """Store the rows in their order, all but the refused, which are returned.

    Halves what fails until single rows are left: log2(n) statements more for each bad row. Runs inside the caller's
    transaction; errors that are not about a row pass.
    """
    if not rows:
        return []
    await connection.execute("SAVEPOINT part")
    try:
        await insert(connection, rows)
    except REFUSALS as error:
        await connection.execute("ROLLBACK TO part")
        if len(rows) == 1:
            return [Refused(rows[0], f"PostgreSQL refuses the row: {str(error)[:200]}")]
    else:
        await connection.execute("RELEASE part")
        return []
    middle = len(rows) // 2
    refused = await store_around(connection, rows[:middle], insert)
    return refused + await store_around(connection, rows[middle:], insert)


async def store_straight(connection: Connection, rows: Sequence[Row], insert: Insert[Row]) -> list[Refused]:
    """Store the rows or raise what PostgreSQL says of one of them; the transaction is then void."""
    if rows:
        await insert(connection, rows)
    return []
