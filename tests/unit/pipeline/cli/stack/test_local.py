"""Which servers are ours to start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.stack.local import local_servers, plan_for, ports_needed
from pipeline.errors import SettingsError
from pipeline.settings import Settings, load_settings


def settings(**changed: Any) -> Settings:
    return Settings(_env_file=None, **changed)


def test_all_four_are_started_when_nothing_else_is_said() -> None:
    assert local_servers(settings()) == ("mosquitto", "kafka", "postgres", "redis")


def test_a_server_on_another_host_is_left_alone() -> None:
    chosen = settings(db_host="db.plant.example", kafka_bootstrap_servers="k1:9092,k2:9092")
    assert local_servers(chosen) == ("mosquitto", "redis")


def test_a_server_of_this_machine_is_left_alone_when_its_name_is_left_out() -> None:
    assert local_servers(settings(local_servers="kafka,redis")) == ("kafka", "redis")
    assert local_servers(settings(local_servers="none")) == ()


def test_a_misspelt_server_is_an_error_that_names_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LOCAL_SERVERS", "kafka,postgresql")
    with pytest.raises(SettingsError, match="LOCAL_SERVERS"):
        load_settings(tmp_path / "none")


def test_ports_of_servers_elsewhere_need_not_be_free_here() -> None:
    needed = ports_needed(settings(local_servers="redis"))
    assert 6379 in needed
    assert 5432 not in needed
    assert 5002 in needed


def test_kafkas_controller_takes_the_port_after_the_brokers() -> None:
    chosen = settings(kafka_bootstrap_servers="localhost:19092")
    plan = plan_for(chosen, Path("/run"), Path("/run/postgres"), None)
    assert (plan.kafka_port, plan.kafka_controller_port) == (19092, 19093)
    assert {19092, 19093} <= ports_needed(chosen).keys()
