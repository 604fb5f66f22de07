"""Kafka: is it there, and does it hold the topics?"""

from __future__ import annotations

from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from pipeline.cli.checks.finding import Finding
from pipeline.cli.checks.reach import advice, no_answer
from pipeline.settings import Settings
from pipeline.topics import TOPICS

REQUEST_MS = 5000
SUBJECT = "Kafka"


async def check_journal(settings: Settings, env_file: Path) -> list[Finding]:
    """List the topics and compare them with those the platform needs."""
    at = settings.kafka_bootstrap_servers
    client = AIOKafkaAdminClient(bootstrap_servers=at, request_timeout_ms=REQUEST_MS)
    try:
        await client.start()
        there = set(await client.list_topics())
    except (KafkaError, OSError) as error:
        remedy = advice(settings, "kafka", "KAFKA_BOOTSTRAP_SERVERS")
        return [Finding(SUBJECT, no_answer(at, error), remedy)]
    finally:
        await client.close()
    missing = sorted({topic.name for topic in TOPICS} - there)
    if missing:
        observation = f"{at} is there, without {', '.join(missing)}"
        return [Finding(SUBJECT, observation, "./iiot topics create makes them.")]
    return [Finding(SUBJECT, f"{at} is there, with its {len(TOPICS)} topics")]
