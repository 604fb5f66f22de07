"""A journal of each test's own, and detection workers on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from pipeline.journal.identity import Journal
from pipeline.journal.writer import JournalWriter
from pipeline.settings import Settings
from tests.support.stack import LocalStack
from tests.support.topics import fresh_journal, journal_writer
from tests.support.workers import Worker, workers


@pytest.fixture
def kafka_settings(stack: LocalStack, tmp_path: Path) -> Settings:
    """Settings for processes that need Kafka alone, with files of their own."""
    return stack.settings(data_dir=tmp_path)


@pytest.fixture
async def journal(kafka_settings: Settings) -> Journal:
    """An empty journal."""
    return await fresh_journal(kafka_settings)


@pytest.fixture
async def writer(kafka_settings: Settings, journal: Journal) -> AsyncIterator[JournalWriter]:
    """What appends to the journal."""
    async with journal_writer(kafka_settings, journal) as made:
        yield made


@pytest.fixture
def started() -> Iterator[list[Worker]]:
    """Workers that are killed after the test."""
    with workers() as list_:
        yield list_
