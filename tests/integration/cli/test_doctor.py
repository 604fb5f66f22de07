"""The doctor in front of real servers: healthy, away, and with a wrong password."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from pipeline.cli.checks.broker import check_broker
from pipeline.cli.checks.cache import check_cache
from pipeline.cli.checks.database import check_database
from pipeline.cli.checks.journal import check_journal
from pipeline.cli.checks.processes import check_processes
from pipeline.cli.doctor import examine
from pipeline.cli.stack.ports import free_ports
from pipeline.settings import Settings
from tests.support.stack import LocalStack

ENV_FILE = Path("/nonexistent/.env")


async def test_servers_that_let_us_in_are_good(settings: Settings) -> None:
    for check in (check_broker, check_cache):
        [finding] = await check(settings, ENV_FILE)
        assert finding.is_good, finding


async def test_what_is_not_made_yet_is_named_with_the_command_that_makes_it(settings: Settings) -> None:
    [finding] = await check_database(settings, ENV_FILE)
    assert "no tables" in finding.observation
    assert "iiot migrate" in finding.remedy


async def test_a_wrong_password_is_told_from_a_server_that_is_away(stack: LocalStack) -> None:
    wrong = stack.settings(db_password=SecretStr("wrong"), redis_password=SecretStr("wrong"))
    [database] = await check_database(wrong, ENV_FILE)
    [cache] = await check_cache(wrong, ENV_FILE)
    assert "DB_PASSWORD" in database.remedy
    assert "REDIS_PASSWORD" in cache.remedy


async def test_a_database_that_does_not_exist_is_named(stack: LocalStack) -> None:
    [finding] = await check_database(stack.settings(db_name="nowhere"), ENV_FILE)
    assert "no database nowhere" in finding.observation


async def test_every_server_that_is_away_is_reported_and_nothing_raises(stack: LocalStack) -> None:
    ports = free_ports(5)
    away = stack.settings(
        db_port=ports[0],
        redis_port=ports[1],
        mqtt_broker_port=ports[2],
        kafka_bootstrap_servers=f"127.0.0.1:{ports[3]}",
        api_port=ports[4],
    )
    findings = {finding.subject: finding for finding in await examine(away, ENV_FILE)}
    for subject in ("PostgreSQL", "Redis", "Mosquitto", "Kafka", "api"):
        assert "nothing listens" in findings[subject].observation
        assert findings[subject].remedy


async def test_a_port_held_by_another_server_is_noticed(stack: LocalStack) -> None:
    confused = stack.settings(mqtt_broker_port=stack.plan.redis_port, api_port=stack.plan.redis_port)
    [broker] = await check_broker(confused, ENV_FILE)
    assert not broker.is_good
    [api] = await check_processes(confused, ENV_FILE)
    assert not api.is_good
    assert "redis" in api.observation


@pytest.mark.parametrize("remote", [True, False])
async def test_the_remedy_depends_on_whether_the_server_is_ours_to_start(stack: LocalStack, remote: bool) -> None:
    [port] = free_ports(1)
    own = "none" if remote else "kafka"
    away = stack.settings(kafka_bootstrap_servers=f"127.0.0.1:{port}", local_servers=own)
    [finding] = await check_journal(away, ENV_FILE)
    assert ("KAFKA_BOOTSTRAP_SERVERS" in finding.remedy) == remote
    assert ("./run" in finding.remedy) != remote
