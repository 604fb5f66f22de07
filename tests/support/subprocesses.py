"""A process of the platform, run as a process: it can be killed like one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from pydantic import SecretStr

from pipeline.settings import Settings
from tests.support.waiting import wait_until_blocking

HOME = Path(__file__).resolve().parents[2]


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the environment variables that give a process these settings."""
    variables = {"IIOT_ENV_FILE": os.devnull}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        variables[name.upper()] = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    return os.environ | variables


class Running:
    """`python -m <module>` with settings, killed at the latest when the block is left."""

    def __init__(self, module: str, settings: Settings, log: Path) -> None:
        """Prepare; nothing runs before the block is entered."""
        self._command = (sys.executable, "-m", module)
        self._environment = environment_of(settings)
        self.log_file = log
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Running:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.is_running():
            self.kill9()

    def start(self) -> None:
        """Start it, again if need be; its log is appended to."""
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(self._command, env=self._environment, cwd=HOME, stdout=log, stderr=log)

    def is_running(self) -> bool:
        """Tell whether it runs."""
        return self._process is not None and self._process.poll() is None

    def kill9(self) -> None:
        """Kill it without warning; blocks until it is gone."""
        self.send(signal.SIGKILL)
        self.wait()

    def stop(self) -> int:
        """Ask it to stop; blocks until it is gone and returns its exit code."""
        self.send(signal.SIGTERM)
        return self.wait()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None, "it was not started"
        self._process.send_signal(number)

    def wait(self, seconds: float = 30) -> int:
        """Wait for its end; returns the exit code."""
        assert self._process is not None, "it was not started"
        return self._process.wait(seconds)

    def log(self) -> str:
        """Return what it has written so far."""
        return self.log_file.read_text(errors="replace")

    def wait_for_events(self, *events: str, seconds: float) -> None:
        """Block until it has logged each of these event words; fails at once if it ends."""

        def logged() -> bool:
            log = self.log()
            return all(f'"event":"{event}"' in log for event in events) or not self.is_running()

        wait_until_blocking(logged, seconds, f"{events} in the log:\n{self.log()}")
        assert self.is_running(), self.log()
