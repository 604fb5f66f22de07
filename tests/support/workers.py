"""The platform's processes as tests run them: real ones, killed, paused and read like an operator would."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

from pipeline.settings import Settings
from tests.support.stack import HOME
from tests.support.subprocesses import environment_of
from tests.support.waiting import wait_until_blocking

_MAIN = "import sys; from pipeline.cli.main import main; main(sys.argv[1:])"


def environment(settings: Settings) -> dict[str, str]:
    """The variables that make another process have these settings, whatever the place it is started in."""
    return {**environment_of(settings), "PYTHONPATH": str(HOME)}


class Worker:
    """One running process of the platform, with its log."""

    def __init__(self, settings: Settings, *arguments: str, name: str, script: str = _MAIN) -> None:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        self.log_path = Path(settings.data_dir) / f"{name}.log"
        self.name = name
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", script, *arguments],
                env=environment(settings), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def kill9(self) -> None:
        """End it without warning; safe if it is gone already."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait(10)

    def ask_to_end(self) -> None:
        """Send it the signal to end; safe if it is gone or paused."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()

    def end(self) -> None:
        """Wait a moment for its end, then kill it."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(8)
        self.kill9()

    def pause(self) -> None:
        """Stop its clock."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)

    def stop(self, seconds: float = 30) -> int:
        """Ask it to end, as an operator does; returns its exit code."""
        self.process.terminate()
        return self.process.wait(seconds)

    def events(self, event: str) -> list[dict[str, Any]]:
        """The log lines with this event word so far."""
        found = []
        for line in self.log_path.read_bytes().splitlines():
            try:
                document = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            if document.get("event") == event:
                found.append(document)
        return found

    def wait_for(self, event: str, seconds: float, count: int = 1) -> None:
        """Block until its log has the event that often; AssertionError with the log's end if not, or if it died."""

        def seen() -> bool:
            return len(self.events(event)) >= count or self.process.poll() is not None

        try:
            wait_until_blocking(seen, seconds, f"{self.name} to log {event!r} {count} times")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log_tail()}") from None
        assert len(self.events(event)) >= count, f"{self.name} ended:\n{self.log_tail()}"

    def log_tail(self) -> str:
        """The last lines of its log."""
        return self.log_path.read_text(errors="replace")[-6000:]


@contextmanager
def workers() -> Iterator[list[Worker]]:
    """A list to put workers into; all have ended at the end.

    They are asked first: a member that leaves its group spares the next test the wait for its session to end.
    """
    started: list[Worker] = []
    try:
        yield started
    finally:
        for worker in started:
            worker.ask_to_end()
        for worker in started:
            worker.end()


class Supervised:
    """A worker that is started anew whenever it has ended, as the platform's supervisor does it."""

    def __init__(self, settings: Settings, process: str) -> None:
        self._settings = settings
        self._process = process
        self.lives: list[Worker] = []
        self.revive()

    def revive(self) -> None:
        """Start it anew if it has ended; call it while waiting."""
        if not self.lives or self.lives[-1].process.poll() is not None:
            self.lives.append(Worker(self._settings, self._process, name=f"{self._process}-{len(self.lives)}"))

    def exit_codes(self) -> list[int]:
        """How its former lives ended."""
        return [worker.process.returncode for worker in self.lives[:-1]]

    def end(self) -> None:
        """End its present life."""
        self.lives[-1].ask_to_end()
        self.lives[-1].end()
