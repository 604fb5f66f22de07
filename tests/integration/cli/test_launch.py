"""The whole stack under its supervisor, with stand-ins for the platform's own processes."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.cli.stack.control import Supervisor, is_alive
from pipeline.cli.stack.launch import start
from pipeline.cli.stack.ports import free_ports, is_taken
from pipeline.errors import PlatformError
from pipeline.settings import Settings
from tests.support.processes import descendants
from tests.support.stack import HOME
from tests.support.waiting import wait_until_blocking

STAND_IN = """\
#!/bin/sh
echo "$@" >> "$(dirname "$0")/calls"
case "$1" in migrate | topics) exit 0 ;; esac
exec sleep 600
"""


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose `iiot` only notes how it was called."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "infra").symlink_to(HOME / "infra")
    (folder / ".venv" / "bin").mkdir(parents=True)
    iiot = folder / ".venv" / "bin" / "iiot"
    iiot.write_text(STAND_IN)
    iiot.chmod(0o755)
    return folder


@pytest.fixture
def settings() -> Settings:
    """Settings with free ports on this machine; no server runs there yet."""
    ports = free_ports(3)
    return Settings(
        _env_file=None,
        db_host="127.0.0.1", db_port=ports[0], db_password="p" * 32,
        redis_host="127.0.0.1", redis_port=ports[1],
        mqtt_broker_host="127.0.0.1", mqtt_broker_port=ports[2],
        # Kafka takes the longest to start, and is supervised like the others.
        local_servers="mosquitto,postgres,redis",
        api_port=0, bridge_metrics_port=0, detect_metrics_port=0, project_metrics_port=0,
    )  # fmt: skip


@pytest.fixture
def process(home: Path, settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """The supervisor of a stack that is up; ended afterwards."""
    running = start(home, settings, print)
    yield running
    Supervisor(home / ".run").shut_down()
    running.wait(30)


def pid_of(home: Path, name: str) -> int:
    """Return the process id of a supervised process; 0 while it has none."""
    [found] = [each for each in Supervisor(home / ".run").processes() if each.name == name]
    words = found.detail.replace(",", "").split()
    return int(words[1]) if words[:1] == ["pid"] else 0


def test_what_dies_is_started_again_and_nothing_is_left_at_the_end(
    home: Path, settings: Settings, process: subprocess.Popen[bytes]
) -> None:
    calls = (home / ".venv" / "bin" / "calls").read_text().splitlines()
    assert {"migrate", "topics create"} == set(calls[:2])
    supervisor = Supervisor(home / ".run")
    names = {each.name for each in supervisor.processes()}
    assert names == {"mosquitto", "postgres", "redis", "bridge", "detect", "project", "api", "demo"}

    wait_until_blocking(lambda: pid_of(home, "redis"), 10, "redis to count as running")
    before = pid_of(home, "redis")
    os.kill(before, signal.SIGKILL)
    wait_until_blocking(lambda: pid_of(home, "redis") not in (0, before), 20, "redis to be started again")

    below = descendants(process.pid)
    assert len(below) >= 8
    supervisor.shut_down()
    process.wait(30)
    assert not [pid for pid in below if is_alive(pid)]
    assert not is_taken(settings.db_port)


def test_a_second_start_finds_the_ports_taken_and_says_which(
    home: Path, settings: Settings, process: subprocess.Popen[bytes]
) -> None:
    with pytest.raises(PlatformError, match=r"DB_PORT\) is taken by postgres"):
        start(home, settings, print)


def test_a_killed_supervisor_takes_everything_with_it(
    home: Path, settings: Settings, process: subprocess.Popen[bytes]
) -> None:
    # A child that has not got as far as its own command would outlive a parent that dies this very moment.
    calls = home / ".venv" / "bin" / "calls"
    wait_until_blocking(lambda: len(calls.read_text().splitlines()) == 7, 20, "all processes to begin")
    below = descendants(process.pid)
    process.kill()
    process.wait(10)
    wait_until_blocking(lambda: not any(is_alive(pid) for pid in below), 40, "all processes to end")


def test_a_failing_migration_is_shown_and_leaves_nothing_running(home: Path, settings: Settings) -> None:
    iiot = home / ".venv" / "bin" / "iiot"
    iiot.write_text("#!/bin/sh\necho 'the table is odd' >&2\nexit 2\n")
    with pytest.raises(PlatformError, match="the table is odd"):
        start(home, settings, print)
    assert not Supervisor(home / ".run").is_running()
    assert not is_taken(settings.redis_port)
