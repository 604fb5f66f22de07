"""A process ends with the right code, in time, whatever its parts do. Each case is a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.waiting import wait_until_blocking

HOME = Path(__file__).resolve().parents[4]
HEAD = """
import asyncio, threading, time
from pathlib import Path
from pipeline.errors import JournalMismatch
from pipeline.process import runtime
from pipeline.settings import Settings
runtime._STOP_SECONDS = 0.5
settings = Settings(_env_file=None)
"""
TAIL = "\nruntime.run_process('trial', main, settings, metrics_port=None)\n"


def started(tmp_path: Path, main: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", HEAD + main + TAIL], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(HOME)}
    )


@pytest.mark.parametrize(
    ("main", "code"),
    [
        ("async def main(settings, watchdog): raise JournalMismatch('another journal')", 78),
        ("async def main(settings, watchdog): raise RuntimeError('broken')", 70),
    ],
)
def test_the_exit_code_tells_a_person_from_a_restart(tmp_path: Path, main: str, code: int) -> None:
    assert started(tmp_path, main).wait(20) == code


@pytest.mark.parametrize(
    ("main", "code"),
    [
        # Stops when told to.
        ("async def main(settings, watchdog):\n    Path('up').touch()\n    await asyncio.sleep(100)", 0),
        # A library's thread that never ends.
        (
            (
                "async def main(settings, watchdog):\n"
                "    threading.Thread(target=time.sleep, args=(1000,)).start()\n"
                "    Path('up').touch()\n"
                "    await asyncio.sleep(100)"
            ),
            0,
        ),
        # A client whose stop waits for a server that is away.
        (
            (
                "async def main(settings, watchdog):\n"
                "    try:\n"
                "        Path('up').touch()\n"
                "        await asyncio.sleep(100)\n"
                "    finally:\n"
                "        await asyncio.sleep(1000)"
            ),
            70,
        ),
    ],
)
def test_a_process_that_is_told_to_stop_ends_soon(tmp_path: Path, main: str, code: int) -> None:
    process = started(tmp_path, main)
    try:
        wait_until_blocking((tmp_path / "up").exists, 20, "the process to be up")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == code
    finally:
        process.kill()
        process.wait()
