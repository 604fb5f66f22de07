"""The servers themselves, as they are configured."""

from __future__ import annotations

from collections.abc import Awaitable

import asyncpg
import pytest

from pipeline.cli.stack.plan import SERVER_NAMES, ServerName
from pipeline.settings import Settings
from tests.support.stack import LocalStack


@pytest.mark.parametrize("name", SERVER_NAMES)
def test_a_server_comes_back_on_its_port_after_a_kill(stack: LocalStack, name: ServerName) -> None:
    stack.kill9(name)
    assert not stack.is_up(name)
    stack.start(name)
    assert stack.is_up(name)


@pytest.mark.parametrize("name", SERVER_NAMES)
def test_a_paused_server_does_not_answer_until_it_is_resumed(stack: LocalStack, name: ServerName) -> None:
    stack.pause(name)
    try:
        assert not stack.is_up(name)
    finally:
        stack.resume(name)
    assert stack.is_up(name)


@pytest.mark.parametrize("name", SERVER_NAMES)
def test_a_server_stops_cleanly_and_starts_again(stack: LocalStack, name: ServerName) -> None:
    stack.stop(name)
    assert not stack.is_up(name)
    stack.start(name)


async def test_each_test_gets_an_empty_database_and_the_password_is_needed(
    stack: LocalStack, settings: Settings
) -> None:
    def connect(password: str) -> Awaitable[asyncpg.Connection]:
        return asyncpg.connect(
            host=settings.db_host,
            port=settings.db_port,
            user=settings.db_user,
            database=settings.db_name,
            password=password,
        )

    connection = await connect(settings.db_password.get_secret_value())
    assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    await connection.close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await connect("wrong")
