"""Removing the demonstration ends the plant that the supervisor keeps alive, and leaves the rest running."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.cli.demo import stop_plant
from pipeline.cli.stack.control import Supervisor
from pipeline.cli.stack.supervisor import PLATFORM, Program, supervisor_config
from tests.support.waiting import wait_until_blocking


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A checkout's folder, short enough for a unix socket."""
    folder = Path(tempfile.mkdtemp(prefix="iiot-"))
    (folder / ".run" / "logs").mkdir(parents=True)
    monkeypatch.setenv("IIOT_ENV_FILE", str(folder / ".env"))
    yield folder
    shutil.rmtree(folder)


def test_the_supervised_plant_is_stopped_and_nothing_else(home: Path) -> None:
    run = home / ".run"
    programs = tuple(
        Program(name=name, group=PLATFORM, command=("sleep", "1000"), directory=home) for name in ("demo", "api")
    )
    config = run / "supervisord.conf"
    config.write_text(supervisor_config(run, programs), encoding="utf-8")
    supervisor = Supervisor(run)
    assert not stop_plant()
    process = subprocess.Popen((sys.executable, "-m", "supervisor.supervisord", "-c", str(config)))
    try:
        wait_until_blocking(supervisor.is_running, 20, "the supervisor")
        supervisor.start_platform()

        def states() -> dict[str, str]:
            return {each.name: each.state for each in supervisor.processes()}

        wait_until_blocking(lambda: states()["demo"] in ("STARTING", "RUNNING"), 10, "the plant to start")
        assert stop_plant()
        assert states()["demo"] == "STOPPED"
        assert states()["api"] in ("STARTING", "RUNNING")
        assert not stop_plant()
    finally:
        supervisor.shut_down()
        process.wait(20)
