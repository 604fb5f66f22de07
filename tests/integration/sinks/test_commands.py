"""Commands, outbox and relay against a real PostgreSQL and a real Kafka."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial

import pytest
from aiokafka import AIOKafkaProducer

from pipeline.codec import Encoded
from pipeline.errors import NotFound, VersionConflict
from pipeline.events import (
    Device,
    DeviceDefined,
    DeviceRemoved,
    PolicyDefined,
    RuleDefined,
    RuleRemoved,
    Silence,
)
from pipeline.journal.clients import make_producer
from pipeline.journal.creation import create_topics
from pipeline.journal.identity import Journal
from pipeline.journal.writer import JournalWriter
from pipeline.partitioning import partition_for
from pipeline.policy import Policy
from pipeline.quarantine import decode_quarantined
from pipeline.rules.model import Rule, parse_rule
from pipeline.settings import Settings
from pipeline.topics import EVENTS, QUARANTINE
from sinks.commands import Commands, OutboxRelay, open_commands
from sinks.commands.adoption import adopt_journal
from sinks.commands.outbox import Outbox
from sinks.commands.registry import Defined
from sinks.postgres.connect import Pool
from sinks.postgres.projection import Projection
from sinks.quarantine import QuarantineWriter
from tests.support.journal import JournalView, TopicView
from tests.support.records import KeptQuarantine, event_record, frame
from tests.support.stack import LocalStack
from tests.support.waiting import wait_until


def rule(name: str = "High Temperature Alert", limit: float = 100) -> Rule:
    return parse_rule(
        {"name": name, "rule_type": "threshold", "conditions": {"key": "t", "operator": ">", "value": limit}}
    )


class Killed(BaseException):
    """The process ends here."""


class DeadWriter(JournalWriter):
    """A journal that a process does not live to reach."""

    def __init__(self, partitions: int) -> None:
        self.partitions = partitions

    async def append_encoded(
        self, partitions: range | list[int], encoded: Encoded, key: bytes | None = None
    ) -> list[int]:
        raise Killed


@pytest.fixture
async def journal(settings: Settings) -> Journal:
    """The journal, which all tests of the run share."""
    return await create_topics(settings)


@pytest.fixture
async def producer(settings: Settings, journal: Journal) -> AsyncIterator[AIOKafkaProducer]:
    """A producer."""
    made = make_producer(settings)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


@pytest.fixture
async def tail(settings: Settings, journal: Journal) -> AsyncIterator[JournalView]:
    """What the test appends to the journal."""
    made = JournalView(settings, journal.partitions)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


@pytest.fixture
def commands(pool: Pool, producer: AIOKafkaProducer, journal: Journal) -> Commands:
    """Commands."""
    return Commands(pool, JournalWriter(producer, journal.partitions))


async def project_all(pool: Pool, tail: JournalView, journal: Journal) -> None:
    """Project what the tail has."""
    projection = Projection(pool, None, KeptQuarantine(), journal)
    for record in await tail.refresh():
        position = await projection.load(EVENTS.name, record.partition)
        if position < record.offset - 1:
            await projection.skip_to(EVENTS.name, record.partition, record.offset - 1)
        await projection.apply(EVENTS.name, record.partition, [record])


async def test_a_rule_reaches_every_partition_once_and_unchanged_definitions_none(
    commands: Commands, tail: JournalView, journal: Journal
) -> None:
    created = await commands.define_rule(rule(), "anna")
    assert created == Defined("rule", "high-temperature-alert", 1, "created")
    assert await commands.define_rule(rule(), "ben") == Defined("rule", "high-temperature-alert", 1, "unchanged")
    changed = await commands.define_rule(rule(limit=90), "ben")
    assert (changed.version, changed.outcome) == (2, "changed")
    events = await tail.events()
    partitions = journal.partitions
    assert len(events) == 2 * partitions
    for partition in range(partitions):
        versions = [
            event.version
            for record, event in events
            if record.partition == partition and isinstance(event, RuleDefined)
        ]
        assert versions == [1, 2]


async def test_a_removal_is_a_version_too_and_the_rule_can_come_back(
    commands: Commands, tail: JournalView, journal: Journal
) -> None:
    with pytest.raises(NotFound, match="there is no rule"):
        await commands.remove_rule("high-temperature-alert", "anna")
    await commands.define_rule(rule(), "anna")
    removed = await commands.remove_rule("high-temperature-alert", "anna")
    assert (removed.version, removed.outcome) == (2, "removed")
    again = await commands.remove_rule("high-temperature-alert", "anna")
    assert (again.version, again.outcome) == (2, "unchanged")
    back = await commands.define_rule(rule(), "anna")
    assert (back.version, back.outcome) == (3, "created")
    kinds = [type(event) for record, event in await tail.events() if record.partition == 0]
    assert kinds == [RuleDefined, RuleRemoved, RuleDefined]


async def test_a_device_goes_to_its_own_partition(commands: Commands, tail: JournalView, journal: Journal) -> None:
    await commands.define_device(Device("device-7", "Seven", metadata={"keys": {"t": {"unit": "°C"}}}), "anna")
    await commands.remove_device("device-7", "anna")
    partition = partition_for("device-7", journal.partitions)
    assert [(record.partition, event) for record, event in await tail.events()] == [
        (partition, DeviceDefined(1, Device("device-7", "Seven", metadata={"keys": {"t": {"unit": "°C"}}}))),
        (partition, DeviceRemoved(2, "device-7")),
    ]
    assert {record.key for record in await tail.refresh()} == {b"device-7"}


async def test_a_device_that_registered_itself_can_be_removed(
    commands: Commands, pool: Pool, projection: Projection
) -> None:
    await projection.load(EVENTS.name, 0)
    await projection.apply(EVENTS.name, 0, [event_record(frame(("wild", 1_750_000_000_000, {"a": 1})), 0)])
    assert (await commands.remove_device("wild", "anna")).outcome == "removed"


async def test_of_two_at_once_each_gets_a_version_of_its_own(commands: Commands) -> None:
    defined = await asyncio.gather(*(commands.define_rule(rule(limit=limit), "anna") for limit in range(8)))
    assert sorted(each.version for each in defined) == list(range(1, 9))


async def test_an_expected_version_decides_who_wins(commands: Commands) -> None:
    await commands.define_rule(rule(), "anna", expected_version=0)
    outcomes = await asyncio.gather(
        *(commands.define_rule(rule(limit=limit), "anna", expected_version=1) for limit in range(4)),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in outcomes) == ["Defined"] + ["VersionConflict"] * 3
    with pytest.raises(VersionConflict, match="is at version 2, not 1"):
        await commands.remove_rule("high-temperature-alert", "anna", expected_version=1)


async def test_killed_between_commit_and_publish_the_relay_publishes_and_consumers_see_no_difference(
    commands: Commands, pool: Pool, producer: AIOKafkaProducer, tail: JournalView, journal: Journal
) -> None:
    dying = Commands(pool, DeadWriter(journal.partitions))
    with pytest.raises(Killed):
        await dying.define_rule(rule(), "anna")
    assert await tail.refresh() == []
    outbox = Outbox(pool, JournalWriter(producer, journal.partitions))
    assert await outbox.publish_stuck(3600) == 0
    assert await outbox.publish_stuck(0) == 1
    await project_all(pool, tail, journal)
    before = await pool.fetch("SELECT * FROM rules"), await pool.fetch("SELECT * FROM rule_versions")
    # Killed after the publish and before the mark: a copy follows, and nothing changes by it.
    await pool.execute("UPDATE outbox SET published_at = NULL")
    assert await outbox.publish_stuck(0) == 1
    assert len(await tail.refresh()) == 2 * journal.partitions
    await project_all(pool, tail, journal)
    assert (await pool.fetch("SELECT * FROM rules"), await pool.fetch("SELECT * FROM rule_versions")) == before
    assert await outbox.publish_stuck(0) == 0


async def test_the_relay_runs_beside_the_commands(
    pool: Pool, producer: AIOKafkaProducer, tail: JournalView, journal: Journal
) -> None:
    with pytest.raises(Killed):
        await Commands(pool, DeadWriter(journal.partitions)).define_rule(rule(), "anna")
    await pool.execute("UPDATE outbox SET created_at = now() - interval '6 seconds'")
    relay = asyncio.create_task(OutboxRelay(pool, JournalWriter(producer, journal.partitions)).run())
    try:
        await wait_until(tail.refresh, 20, "the relayed rule")
    finally:
        relay.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await relay


async def test_without_kafka_a_command_returns_and_the_event_comes_later(
    stack: LocalStack, commands: Commands, pool: Pool, producer: AIOKafkaProducer, tail: JournalView, journal: Journal
) -> None:
    stack.pause("kafka")
    try:
        async with asyncio.timeout(12):
            assert (await commands.define_rule(rule(), "anna")).outcome == "created"
    finally:
        stack.resume("kafka")
    outbox = Outbox(pool, JournalWriter(producer, journal.partitions))

    async def everything_published() -> bool:
        await outbox.publish_stuck(0)
        return not await pool.fetch("SELECT id FROM outbox WHERE published_at IS NULL")

    await wait_until(everything_published, 60, "the event to be published")
    assert {event.version for _, event in await tail.events() if isinstance(event, RuleDefined)} == {1}


async def test_a_command_can_be_waited_for_until_it_shows(
    commands: Commands, pool: Pool, tail: JournalView, journal: Journal
) -> None:
    silence = Silence("s-1", 0, 10, "works", "anna")
    for command in (
        partial(commands.define_rule, rule()),
        partial(commands.define_device, Device("d", "D")),
        partial(commands.define_silence, silence),
        partial(commands.define_policy, Policy(lateness_ms=1)),
        partial(commands.remove_silence, "s-1"),
    ):
        defined = await command("anna")
        assert not await commands.shown(defined.kind, defined.id, defined.version, timeout=0)
        await project_all(pool, tail, journal)
        assert await commands.shown(defined.kind, defined.id, defined.version)


async def test_the_first_policy_comes_from_the_settings_and_only_the_first(
    settings: Settings, commands: Commands, tail: JournalView, journal: Journal
) -> None:
    strict = settings.model_copy(update={"auto_register": False})
    written = await commands.ensure_policy(strict)
    assert written is not None
    assert written.version == 1
    assert await commands.ensure_policy(settings) is None
    policies = {event for _, event in await tail.events() if isinstance(event, PolicyDefined)}
    assert policies == {PolicyDefined(1, Policy(auto_register=False))}


async def test_commands_can_be_opened_from_the_settings_alone(settings: Settings, pool: Pool, journal: Journal) -> None:
    async with open_commands(settings) as commands:
        assert (await commands.define_device(Device("d", "D"), "anna")).outcome == "created"


async def test_quarantine_goes_to_kafka(
    settings: Settings, pool: Pool, producer: AIOKafkaProducer, journal: Journal
) -> None:
    view = TopicView(settings, QUARANTINE.name, journal.partitions)
    await view.start()
    try:
        projection = Projection(pool, None, QuarantineWriter(producer, journal.partitions), journal)
        await projection.load(EVENTS.name, 0)
        await projection.apply(EVENTS.name, 0, [event_record(frame(("d", 1, {"a": "\0"})), 0)])
        (record,) = await view.refresh()
    finally:
        await view.stop()
    assert decode_quarantined(record.key, record.headers, record.value).reason == "row_refused"


async def test_adopting_a_journal_starts_positions_anew_and_tells_it_all_definitions(
    settings: Settings, commands: Commands, pool: Pool, tail: JournalView, journal: Journal
) -> None:
    await commands.define_rule(rule(), "anna")
    await commands.define_device(Device("d", "D"), "anna")
    await commands.remove_device("d", "anna")
    await pool.execute("INSERT INTO projection_offsets VALUES ('iiot.events', 0, 'lost', 99)")
    before = len(await tail.refresh())
    adopted = await adopt_journal(settings)
    assert adopted.definitions == 2
    row = await pool.fetchrow("SELECT journal_id, position FROM projection_offsets")
    assert row is not None
    assert tuple(row) == (journal.journal_id, -1)
    kinds = sorted(type(event).__name__ for _, event in (await tail.events())[before:])
    assert kinds == ["DeviceRemoved"] + ["RuleDefined"] * journal.partitions
    assert (await adopt_journal(settings)).journal == adopted.journal
