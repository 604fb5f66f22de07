"""Creating the platform's topics. Repeating is safe: what exists is left as it is."""

from __future__ import annotations

import asyncio
import shutil

from aiokafka.admin import NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from pipeline.errors import JournalMismatch
from pipeline.journal.clients import make_admin, make_producer
from pipeline.journal.identity import Journal, find_journal, found_journal
from pipeline.journal.reader import StretchReader
from pipeline.settings import Settings
from pipeline.topics import EVENTS, TOPICS, Topic

_VISIBLE_SECONDS = 30
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


async def create_topics(settings: Settings) -> Journal:
    """Create what is missing and return the journal's identity.

    Raises JournalMismatch if the journal's topic does not have the partitions its identity says.
    """
    admin = make_admin(settings)
    await admin.start()
    try:
        existing = set(await admin.list_topics())
        partitions = await _partition_count(settings) if EVENTS.name in existing else settings.kafka_partitions
        room = _journal_bytes(settings)
        missing = [
            _new_topic(topic, partitions, settings.kafka_replication_factor, room)
            for topic in TOPICS
            if topic.name not in existing
        ]
        if missing:
            response = await admin.create_topics(missing)
            for name, code, *_ in response.topic_errors:
                error = for_code(code)
                if code and error is not TopicAlreadyExistsError:
                    raise error(f"creating {name} failed")
        async with asyncio.timeout(_VISIBLE_SECONDS):
            while not {topic.name for topic in TOPICS} <= set(await admin.list_topics()):
                await asyncio.sleep(0.05)
    finally:
        await admin.close()
    return await _identify(settings, partitions)


async def _identify(settings: Settings, partitions: int) -> Journal:
    reader = StretchReader(settings)
    await reader.start()
    try:
        journal = await find_journal(reader)
        if journal is None:
            producer = make_producer(settings)
            await producer.start()
            try:
                await found_journal(producer, partitions)
            finally:
                await producer.stop()
            journal = await find_journal(reader)
    finally:
        await reader.stop()
    if journal is None or journal.partitions != partitions:
        raise JournalMismatch(
            f"{EVENTS.name} has {partitions} partitions, its identity in iiot.meta says"
            f" {journal.partitions if journal else 'nothing'}; the count is fixed for a journal's life"
        )
    return journal


async def _partition_count(settings: Settings) -> int:
    producer = make_producer(settings)
    await producer.start()
    try:
        return len(await producer.partitions_for(EVENTS.name))
    finally:
        await producer.stop()


def _new_topic(topic: Topic, partitions: int, replicas: int, journal_bytes: int) -> NewTopic:
    config = dict(topic.config)
    if topic is EVENTS and journal_bytes:
        config["retention.bytes"] = str(journal_bytes // partitions)
    return NewTopic(
        name=topic.name,
        num_partitions=partitions if topic.spread == "journal" else 1,
        replication_factor=replicas,
        topic_configs=config,
    )


def _journal_bytes(settings: Settings) -> int:
    """What the journal may take, 0 for no limit: a full disk would stop Kafka, and with it everything."""
    hosts = {server.strip().rpartition(":")[0] for server in settings.kafka_bootstrap_servers.split(",")}
    if settings.kafka_journal_bytes or not hosts <= _LOOPBACK:
        return settings.kafka_journal_bytes
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return shutil.disk_usage(settings.data_dir).free // 4
