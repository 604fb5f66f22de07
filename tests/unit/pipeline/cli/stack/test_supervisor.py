"""The supervisor's file, read back by the supervisor itself."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from supervisor.options import ServerOptions, UnhosedConfigParser

from pipeline.cli.stack.supervisor import (
    SERVERS,
    Program,
    platform_programs,
    socket_path,
    supervisor_config,
)
from pipeline.errors import PlatformError


def read_back(run: Path, programs: tuple[Program, ...]) -> dict[str, Any]:
    """Return the programs as supervisord understands them, by name."""
    parser = UnhosedConfigParser()
    parser.expansions = {"here": str(run)}
    parser.read_string(supervisor_config(run, programs))
    options = ServerOptions()
    options.configfile = str(run / "supervisord.conf")
    groups = options.process_groups_from_parser(parser)
    return {config.name: config for group in groups for config in group.process_configs}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    return tmp_path


def test_everything_is_restarted_and_ended_with_its_children(run: Path) -> None:
    programs = (
        Program("redis", SERVERS, ("/bin/redis", "x.conf"), Path("/")),
        *platform_programs(run, demo=True),
    )
    understood = read_back(run, programs)
    assert set(understood) == {"redis", "bridge", "detect", "project", "api", "demo"}
    for config in understood.values():
        assert config.autorestart is not False
        assert config.stopasgroup
        assert config.killasgroup
        assert config.startretries > 100_000


def test_servers_start_at_once_and_the_platform_when_it_is_told(run: Path) -> None:
    server = Program("redis", SERVERS, ("/bin/redis",), Path("/"))
    understood = read_back(run, (server, *platform_programs(run, demo=False)))
    assert understood["redis"].autostart
    assert not understood["bridge"].autostart
    assert "demo" not in understood


@pytest.mark.parametrize("odd", ["with space", "per%cent", "quo'te", 'double"'])
def test_a_path_with_odd_characters_arrives_unchanged(run: Path, odd: str) -> None:
    program = Program("redis", SERVERS, (f"/opt/{odd}/redis", "--flag"), Path("/"))
    command = shlex.split(read_back(run, (program,))["redis"].command)
    assert command[-2:] == [f"/opt/{odd}/redis", "--flag"]


def test_a_folder_too_deep_for_a_socket_is_refused_in_words() -> None:
    with pytest.raises(PlatformError, match="too long"):
        socket_path(Path("/" + "d" * 100))
