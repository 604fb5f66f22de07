"""Fixtures every test may ask for. Only a test that asks for `stack` or `settings` starts the servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from pipeline.settings import Settings
from tests.support.stack import LocalStack

# A busy machine is no reason to fail: how long one example takes says nothing about the code.
hypothesis_settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("here")


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """Mosquitto, Kafka, PostgreSQL and Redis, shared by the whole run; see LocalStack."""
    local = LocalStack()
    try:
        local.start_all()
        yield local
    finally:
        local.shut_down()


@pytest.fixture
def settings(stack: LocalStack) -> Settings:
    """Settings that point at the stack, with an empty database of the test's own."""
    return stack.settings(db_name=stack.new_database())
