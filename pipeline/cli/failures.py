"""What a person reads when something cannot be reached: what, where, and what to do. Never a traceback."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.errors import PlatformError, PostgresUnavailable

if TYPE_CHECKING:
    from pipeline.settings import Settings

_ADVICE = "start the platform with ./run, or ask: iiot doctor"


class Unreachable(PlatformError):
    """A server does not answer."""


def unreachable(what: str, where: str, cause: object) -> Unreachable:
    """The error for a server that does not answer; `cause` may be an exception or a sentence."""
    reason = " ".join(str(cause).split())[:160] or type(cause).__name__
    return Unreachable(f"cannot reach {what} at {where} ({reason}); {_ADVICE}")


def silence_kafka() -> None:
    """Keep Kafka's client from writing to the terminal what the command says better."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


@contextlib.contextmanager
def reaching_kafka(settings: Settings) -> Iterator[None]:
    """Turn Kafka's connection errors in this block into Unreachable; its client's own words go nowhere."""
    from aiokafka.errors import KafkaError

    silence_kafka()
    try:
        yield
    except KafkaError as error:
        raise unreachable("Kafka", settings.kafka_bootstrap_servers, error) from None


@contextlib.contextmanager
def reaching_postgres(settings: Settings) -> Iterator[None]:
    """Turn PostgreSQL's connection and login errors in this block into Unreachable."""
    import asyncpg

    try:
        yield
    except asyncpg.UndefinedTableError:
        raise PlatformError(
            f"the database {settings.db_name} has no tables yet; make them with: iiot migrate"
        ) from None
    except (PostgresUnavailable, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise unreachable("PostgreSQL", f"{settings.db_host}:{settings.db_port}", error) from None
