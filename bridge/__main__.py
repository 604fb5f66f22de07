"""`python -m bridge`: one bridge, with settings from the environment."""

from __future__ import annotations

from typing import NoReturn

from bridge.main import run
from pipeline.process.runtime import run_process
from pipeline.settings import load_settings


def main() -> NoReturn:
    """Run until stopped; ends the process with its exit code."""
    settings = load_settings()
    run_process("bridge", run, settings, metrics_port=settings.bridge_metrics_port)


if __name__ == "__main__":
    main()
