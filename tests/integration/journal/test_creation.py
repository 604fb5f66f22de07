"""Topics are created once, as the list in code says, and never changed behind anyone's back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from pipeline.journal.clients import make_admin
from pipeline.journal.creation import create_topics
from pipeline.settings import Settings
from pipeline.topics import EVENTS, TOPICS
from tests.support.stack import LocalStack
from tests.support.topics import fresh_journal


@pytest.fixture
def kafka(stack: LocalStack, tmp_path: Path) -> Settings:
    return stack.settings(data_dir=tmp_path)


async def configs(settings: Settings) -> dict[str, dict[str, str]]:
    admin = make_admin(settings)
    await admin.start()
    try:
        responses = await admin.describe_configs(
            [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in TOPICS]
        )
    finally:
        await admin.close()
    return {
        name: {entry[0]: entry[1] for entry in entries}
        for response in responses
        for _, _, _, name, entries in response.resources
    }


async def test_topics_have_the_settings_of_the_list_and_the_journal_a_limit_of_bytes(kafka: Settings) -> None:
    journal = await fresh_journal(kafka.model_copy(update={"kafka_journal_bytes": 80_000_000}))
    found = await configs(kafka)
    for topic in TOPICS:
        for name, value in topic.config.items():
            assert found[topic.name][name] == value, f"{name} of {topic.name}"
    assert found[EVENTS.name]["retention.bytes"] == str(80_000_000 // journal.partitions)


async def test_without_a_limit_the_journal_gets_a_quarter_of_the_free_disk(kafka: Settings) -> None:
    await fresh_journal(kafka)
    assert int((await configs(kafka))[EVENTS.name]["retention.bytes"]) > 0


async def test_creating_again_and_from_two_sides_at_once_gives_one_and_the_same_journal(kafka: Settings) -> None:
    first = await fresh_journal(kafka)
    found = await asyncio.gather(*(create_topics(kafka) for _ in range(3)))
    assert set(found) == {first}
    other = kafka.model_copy(update={"kafka_partitions": 3})
    assert await create_topics(other) == first, "the partition count is fixed for a journal's life"
