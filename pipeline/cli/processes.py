"""`iiot bridge | detect | project | api`: one process of the platform, until it is told to stop."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from pipeline.errors import SettingsError

if TYPE_CHECKING:
    from pipeline.settings import Settings


def bridge() -> None:
    """Run the bridge: takes messages from MQTT into the journal and acknowledges them once they are durable."""
    _run("bridge", "bridge.main", lambda settings: settings.bridge_metrics_port)


def detect() -> None:
    """Run detection: judges the journal's readings by the rules and writes alerts."""
    _run("detect", "agents.detect.main", lambda settings: settings.detect_metrics_port)


def project() -> None:
    """Run projection: stores the journal and the alerts in PostgreSQL and Redis."""
    _run("project", "agents.project.main", lambda settings: settings.project_metrics_port)


def api() -> None:
    """Run the API: health, and live alerts and values over Socket.IO."""
    _run("api", "api.main", lambda settings: None)  # it serves its metrics itself


def _run(name: str, module: str, port: Callable[[Settings], int | None]) -> None:
    from pipeline.process.runtime import EXIT_NEEDS_A_PERSON, run_process
    from pipeline.settings import load_settings

    try:
        settings = load_settings()
    except SettingsError as error:
        print(f"iiot: {error}", file=sys.stderr)
        raise typer.Exit(EXIT_NEEDS_A_PERSON) from None
    main = importlib.import_module(module).run
    run_process(name, main, settings, metrics_port=port(settings))
