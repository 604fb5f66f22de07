"""`iiot topics`: what stands in Kafka, and creating it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from pipeline.cli.failures import reaching_kafka
from pipeline.topics import TOPICS, Topic

if TYPE_CHECKING:
    from pipeline.settings import Settings

app = typer.Typer(help="The platform's Kafka topics: list them, or create what is missing.", no_args_is_help=False)
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic and what it holds now: partitions, records that can still be read; None if it does not exist."""

    topic: Topic
    partitions: int | None
    records: int | None


@app.callback(invoke_without_command=True)
def listing(context: typer.Context) -> None:
    """List the topics: what each is for, its partitions, records and how long they are kept."""
    if context.invoked_subcommand is not None:
        return
    from rich.table import Table

    from pipeline.cli.screens import make_console
    from pipeline.settings import load_settings

    settings = load_settings()
    with reaching_kafka(settings):
        states = asyncio.run(look_at_topics(settings))
    table = Table("topic", "for", "partitions", "records", "kept", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in (2, 3):
        table.columns[column].justify = "right"
    for state in states:
        count = "missing" if state.partitions is None else str(state.partitions)
        table.add_row(state.topic.name, state.topic.purpose, count, _number(state.records), kept(state.topic))
    make_console().print(table)
    if any(state.partitions is None for state in states):
        print("\nCreate what is missing with: iiot topics create")


@app.command()
def create() -> None:
    """Create the topics that are missing, and the journal's identity; repeating is safe."""
    from pipeline.cli.first_policy import ensure_first_policy
    from pipeline.journal.creation import create_topics
    from pipeline.settings import load_settings

    settings = load_settings()
    with reaching_kafka(settings):
        journal = asyncio.run(create_topics(settings))
    asyncio.run(ensure_first_policy(settings))
    print(f"journal {journal.journal_id} with {journal.partitions} partitions")


async def look_at_topics(settings: Settings) -> list[TopicState]:
    """What Kafka holds of each topic; raises Kafka's errors when it cannot be reached."""
    from aiokafka import TopicPartition

    from pipeline.journal.clients import make_admin, make_reader_client

    admin, client = make_admin(settings), make_reader_client(settings)
    try:
        await admin.start()
        described = await admin.describe_topics([topic.name for topic in TOPICS])
        counts = {each["topic"]: len(each["partitions"]) for each in described}
        await client.start()
        states = []
        for topic in TOPICS:
            if not counts.get(topic.name):
                states.append(TopicState(topic, None, None))
                continue
            partitions = [TopicPartition(topic.name, number) for number in range(counts[topic.name])]
            ends = await client.end_offsets(partitions)
            starts = await client.beginning_offsets(partitions)
            states.append(TopicState(topic, len(partitions), sum(ends[tp] - starts[tp] for tp in partitions)))
        return states
    finally:
        await client.stop()
        await admin.close()


def kept(topic: Topic) -> str:
    """How long records are kept, in words."""
    if topic.config["cleanup.policy"] == "compact":
        return "the newest of each key"
    days = int(topic.config["retention.ms"]) // _DAY_MS
    return f"{days} day{'s' if days > 1 else ''}"


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


@app.command()
def asyncapi() -> None:
    """Print the AsyncAPI 3 document of the topics, which stands in docs/asyncapi.yaml."""
    from importlib.metadata import version

    import yaml

    from pipeline.asyncapi import asyncapi_document

    print(
        yaml.safe_dump(asyncapi_document(version("insa-iiot")), sort_keys=False, width=110, allow_unicode=True), end=""
    )
