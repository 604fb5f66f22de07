"""`python -m bridge`: one bridge, with settings from the environment."""

from __future__ import annotations

import sys

from bridge.main import run
from pipeline.process.runtime import run_process
from pipeline.settings import load_settings


def main() -> int:
    """Run until stopped; returns the exit code."""
    settings = load_settings()
    return run_process("bridge", run, settings, metrics_port=settings.bridge_metrics_port)


if __name__ == "__main__":
    sys.exit(main())
