"""The text and the command line of each server follow from the plan alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cli.stack.kafka import kafka_config
from pipeline.cli.stack.mosquitto import mosquitto_config
from pipeline.cli.stack.plan import ServerName, StackPlan, Tools
from pipeline.cli.stack.postgres import quote_identifier, quote_literal, role_sql
from pipeline.cli.stack.prepare import describe_servers
from pipeline.cli.stack.redis import redis_config

PLAN = StackPlan(
    directory=Path("/data"),
    postgres_directory=Path("/elsewhere/postgres"),
    postgres_user="postgres",
    mqtt_port=1001,
    kafka_port=1002,
    kafka_controller_port=1003,
    postgres_port=1004,
    redis_port=1005,
    db_name="plant",
    db_user="operator",
    db_password="db-secret",
    redis_password="cache-secret",
)
TOOLS = Tools(
    mosquitto="/sbin/mosquitto",
    redis_server="/bin/redis-server",
    java="/bin/java",
    postgres_bin=Path("/pg/bin"),
    kafka_jars=Path("/jars"),
    kafka_log_config=Path("/log4j2.properties"),
)
SERVERS = describe_servers(PLAN, TOOLS)


def settings_of(text: str, separator: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {name.strip(): value.strip() for name, _, value in (line.partition(separator) for line in lines)}


def test_the_broker_keeps_its_queue_and_bounds_it_by_bytes_only() -> None:
    config = settings_of(mosquitto_config(PLAN), " ")
    assert config["persistence"] == "true"
    assert config["autosave_interval"] == "1"
    assert config["autosave_on_changes"] == "false"
    assert config["max_queued_messages"] == "0"
    assert int(config["max_queued_bytes"]) > 0


def test_no_topic_is_made_by_accident() -> None:
    assert settings_of(kafka_config(PLAN), "=")["auto.create.topics.enable"] == "false"


def test_kafka_accepts_session_timeouts_of_six_seconds_and_starts_groups_at_once() -> None:
    config = settings_of(kafka_config(PLAN), "=")
    assert int(config["group.min.session.timeout.ms"]) <= 6000
    assert config["group.initial.rebalance.delay.ms"] == "0"


def test_the_cache_forgets_instead_of_refusing_and_writes_nothing_to_disk() -> None:
    config = settings_of(redis_config(PLAN), " ")
    assert config["maxmemory-policy"] == "allkeys-lru"
    assert config["appendonly"] == "no"
    assert config["save"] == '""'
    assert config["requirepass"] == '"cache-secret"'


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_every_server_listens_on_loopback_only(name: ServerName) -> None:
    text = "\n".join(file.text for file in SERVERS[name].files)
    assert "127.0.0.1" in text
    assert "0.0.0.0" not in text
    assert "listen_addresses = '*'" not in text


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_no_command_line_and_no_repr_tells_a_secret(name: ServerName) -> None:
    server = SERVERS[name]
    shown = repr(server) + repr(PLAN) + " ".join(server.command)
    shown += " ".join(word for step in server.steps for word in step.command)
    assert "secret" not in shown


def test_only_postgres_runs_as_another_user() -> None:
    assert {name: server.user for name, server in SERVERS.items() if server.user} == {"postgres": "postgres"}


def test_another_password_is_applied_at_the_next_start() -> None:
    role_step = SERVERS["postgres"].steps[1]
    assert "db-secret" in role_step.stdin
    assert "db-secret" not in (role_step.stamp or "")


@given(st.text(st.characters(exclude_characters="\0")))
def test_quoted_sql_text_ends_where_it_should(text: str) -> None:
    literal = quote_literal(text)
    assert literal.startswith("E'")
    inner = literal[2:-1].replace("\\\\", "").replace("''", "")
    assert "'" not in inner
    assert "\\" not in inner
    assert '"' not in quote_identifier(text)[1:-1].replace('""', "")


def test_a_role_is_one_line_because_single_user_mode_reads_lines() -> None:
    assert role_sql(PLAN).count("\n") == 1
