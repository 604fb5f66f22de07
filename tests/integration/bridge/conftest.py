"""A bridge as a process of its own, and what it writes."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from pipeline.cli.stack.ports import free_ports
from pipeline.journal.creation import create_topics
from pipeline.journal.identity import Journal
from pipeline.settings import Settings
from pipeline.topics import QUARANTINE
from tests.support.journal import JournalView, TopicView
from tests.support.stack import LocalStack
from tests.support.subprocesses import Running

READY = ("connected", "publishing_alerts")
READY_SECONDS = 40


@pytest.fixture
def settings(stack: LocalStack) -> Settings:
    return stack.settings(evaluation_interval=0.2, bridge_metrics_port=free_ports(1)[0])


@pytest.fixture
async def journal(settings: Settings) -> Journal:
    return await create_topics(settings)


@pytest.fixture
async def view(settings: Settings, journal: Journal) -> AsyncIterator[JournalView]:
    view = JournalView(settings, journal.partitions)
    await view.start()
    yield view
    await view.stop()


@pytest.fixture
async def quarantine(settings: Settings, journal: Journal) -> AsyncIterator[TopicView]:
    view = TopicView(settings, QUARANTINE.name, journal.partitions)
    await view.start()
    yield view
    await view.stop()


@pytest.fixture
def bridge(settings: Settings, journal: Journal, tmp_path: Path) -> Iterator[Running]:
    with Running("bridge", settings, tmp_path / "bridge.log") as running:
        running.wait_for_events(*READY, seconds=READY_SECONDS)
        yield running
        if running.is_running():
            assert running.stop() == 0, running.log()
        print(running.log())


@pytest.fixture
def plant() -> str:
    """A prefix for device ids that no other test uses."""
    return f"t{secrets.token_hex(4)}-"
