"""The checks of `iiot doctor`, one file per subject.

A check takes the settings and the path of the .env file, returns its findings, and raises nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from pipeline.cli.checks.broker import check_broker
from pipeline.cli.checks.cache import check_cache
from pipeline.cli.checks.database import check_database
from pipeline.cli.checks.finding import Finding
from pipeline.cli.checks.journal import check_journal
from pipeline.cli.checks.machine import check_clock, check_disk, check_memory
from pipeline.cli.checks.processes import check_processes
from pipeline.cli.checks.secrets import check_env_file, check_secrets
from pipeline.settings import Settings

Check = Callable[[Settings, Path], Awaitable[list[Finding]]]

CHECKS: tuple[Check, ...] = (
    check_env_file,
    check_secrets,
    check_broker,
    check_journal,
    check_database,
    check_cache,
    check_processes,
    check_disk,
    check_memory,
    check_clock,
)
