"""Projecting the journal into a real PostgreSQL."""

from __future__ import annotations

import asyncio
import time

import pytest

from pipeline.errors import JournalMismatch, PostgresUnavailable, StalePosition, UnknownVersion
from pipeline.events import (
    Device,
    DeviceDefined,
    DeviceRemoved,
    PolicyDefined,
    RuleDefined,
    RuleRemoved,
    Scalar,
    Silence,
    SilenceDefined,
    SilenceRemoved,
    StatusReported,
    Ticked,
)
from pipeline.journal.identity import Journal
from pipeline.journal.records import Record
from pipeline.policy import Policy
from pipeline.quarantine import KafkaSource
from pipeline.rules.model import parse_rule
from pipeline.topics import EVENTS
from sinks.postgres.connect import Pool
from sinks.postgres.projection import Projection
from tests.integration.sinks.conftest import JOURNAL
from tests.support.records import NOW, KeptQuarantine, event_record, frame, raw_record
from tests.support.stack import LocalStack

TOPIC = EVENTS.name
RULE = parse_rule(
    {"name": "Hot", "rule_type": "threshold", "conditions": {"key": "temperature", "operator": ">", "value": 100}}
)


async def project(projection: Projection, *records: Record, partition: int = 0) -> None:
    await projection.load(TOPIC, partition)
    await projection.apply(TOPIC, partition, records)


async def telemetry(pool: Pool) -> list[tuple[object, ...]]:
    rows = await pool.fetch(
        """SELECT device_id, key, (extract(epoch FROM ts) * 1000)::bigint AS ms,
            coalesce(to_jsonb(value), to_jsonb(value_bool), to_jsonb(value_text))::text AS value
        FROM telemetry ORDER BY 1, 2, 3"""
    )
    return [tuple(row) for row in rows]


async def test_every_kind_of_value_is_stored_once(projection: Projection, pool: Pool) -> None:
    values: dict[str, Scalar] = {"a": 1.5, "b": 7, "c": True, "d": "open", "e": 0.1}
    await project(projection, event_record(frame(("device-1", NOW + 1, values)), 0))
    assert await telemetry(pool) == [
        ("device-1", "a", NOW + 1, "1.5"),
        ("device-1", "b", NOW + 1, "7"),
        ("device-1", "c", NOW + 1, "true"),
        ("device-1", "d", NOW + 1, '"open"'),
        ("device-1", "e", NOW + 1, "0.1"),
    ]


async def test_the_same_frame_applied_again_changes_nothing(projection: Projection, pool: Pool) -> None:
    records = [
        event_record(frame(("device-1", NOW, {"a": 1.0}), ("device-1", NOW, {"a": 2.0})), 0),
        event_record(frame(("device-1", NOW, {"a": 3.0})), 1),
    ]
    await project(projection, *records)
    before = await telemetry(pool), await pool.fetchval("SELECT conflicts FROM devices")
    assert before[1] == 2
    await projection.apply(TOPIC, 0, records)
    await project(projection, *records)
    assert (await telemetry(pool), await pool.fetchval("SELECT conflicts FROM devices")) == before


async def test_somebody_else_having_moved_the_position_voids_the_rows(projection: Projection, pool: Pool) -> None:
    slow, quick = projection, Projection(pool, None, KeptQuarantine(), JOURNAL)
    await slow.load(TOPIC, 0)
    await project(quick, event_record(frame(("device-1", NOW, {"a": 1.0})), 0))
    with pytest.raises(StalePosition):
        await slow.apply(TOPIC, 0, [event_record(frame(("device-1", NOW + 5, {"a": 9.0})), 0)])
    assert [row[3] for row in await telemetry(pool)] == ["1"]
    with pytest.raises(StalePosition, match="not loaded"):
        await slow.apply(TOPIC, 0, [event_record(Ticked(1000), 1)])
    assert await slow.load(TOPIC, 0) == 0


async def test_records_that_do_not_follow_the_position_are_refused(projection: Projection) -> None:
    await projection.load(TOPIC, 0)
    with pytest.raises(StalePosition, match="does not follow -1"):
        await projection.apply(TOPIC, 0, [event_record(Ticked(1000), 3)])


async def test_the_first_value_of_a_timestamp_stays_and_the_others_are_counted(
    projection: Projection, pool: Pool
) -> None:
    # A file whose clock steps back: twelve timestamps come a second time, eleven of them with other values.
    minutes = [*range(40), *range(28, 60)]
    readings: list[tuple[str, int, dict[str, Scalar]]] = [
        ("machine", NOW + minute * 60_000, {"temperature": float(minute if place == 40 else place)})
        for place, minute in enumerate(minutes)
    ]
    records = [
        event_record(frame(*readings[at : at + 9]), place) for place, at in enumerate(range(0, len(readings), 9))
    ]
    await project(projection, *records)
    stored = await telemetry(pool)
    assert len(stored) == 60
    assert [row[3] for row in stored[:40]] == [str(place) for place in range(40)]
    assert await pool.fetchval("SELECT conflicts FROM devices") == 11
    assert await pool.fetchval("SELECT telemetry_rows FROM projection_offsets") == 60


async def test_data_of_2013_is_welcome(projection: Projection, pool: Pool) -> None:
    await project(projection, event_record(frame(("machine", 1_386_000_000_000, {"temperature": 73.9})), 0))
    assert await pool.fetchval("SELECT value FROM telemetry_old") == 73.9


async def test_a_time_beyond_all_months_is_quarantined_and_its_neighbours_stored(
    projection: Projection, pool: Pool, quarantine: KeptQuarantine
) -> None:
    far = 4_000_000_000_000
    await project(projection, event_record(frame(("d", NOW, {"a": 1.0}), ("d", far, {"a": 2.0, "b": 3.0})), 0))
    assert await telemetry(pool) == [("d", "a", NOW, "1")]
    assert [(item.reason, item.index, item.raw) for item in quarantine.items] == [
        ("row_refused", 1, b'["d",4000000000000,{"a":2.0,"b":3.0}]')
    ]


async def test_one_bad_row_never_costs_its_frame(
    projection: Projection, pool: Pool, quarantine: KeptQuarantine
) -> None:
    good: list[tuple[str, int, dict[str, Scalar]]] = [("d", NOW + place, {"a": float(place)}) for place in range(100)]
    bad: list[tuple[str, int, dict[str, Scalar]]] = [
        ("d", NOW, {"t": "NUL \0 inside"}),
        ("d", NOW, {"key \0": 1.0}),
        ("no/id", NOW, {"a": 1.0}),  # decoding leaves this one out
        ("d", NOW, {"".join(map(chr, range(1000, 5000))): 1.0}),  # longer than an index can hold
    ]
    mixed = [*good[:10], bad[0], *good[10:60], bad[1], bad[2], *good[60:], bad[3]]
    body = event_record(frame(*mixed), 0)
    await project(projection, body, event_record(StatusReported("d", NOW, "ok", {"note": "a \0"}), 1))
    assert len(await telemetry(pool)) == 100
    assert [item.index for item in quarantine.items] == [10, 61, 103, None]
    assert set(quarantine.reasons()) == {"row_refused"}
    assert await projection.load(TOPIC, 0) == 1


async def test_what_cannot_be_decoded_is_quarantined_with_its_coordinates_and_passed(
    projection: Projection, pool: Pool, quarantine: KeptQuarantine
) -> None:
    garbage = raw_record(TOPIC, 0, (), b"\xff\x00garbage", partition=3)
    await project(projection, garbage, event_record(frame(("d", NOW, {"a": 1.0})), 1, partition=3), partition=3)
    assert len(await telemetry(pool)) == 1
    (item,) = quarantine.items
    assert (item.reason, item.source, item.raw) == ("undecodable", KafkaSource(TOPIC, 3, 0), b"\xff\x00garbage")


async def test_a_newer_version_stops_instead_of_being_skipped(projection: Projection) -> None:
    newer = raw_record(TOPIC, 0, (("type", b"ticked"), ("v", b"99")), b"{}")
    await projection.load(TOPIC, 0)
    with pytest.raises(UnknownVersion):
        await projection.apply(TOPIC, 0, [newer])
    assert await projection.load(TOPIC, 0) == -1


async def test_under_the_strict_policy_unknown_devices_are_quarantined_until_defined(
    projection: Projection, pool: Pool, quarantine: KeptQuarantine
) -> None:
    reading = frame(("stranger", NOW, {"a": 1.0}))
    await project(
        projection,
        event_record(frame(("early", NOW, {"a": 1.0})), 0),
        event_record(PolicyDefined(1, Policy(auto_register=False)), 1),
        event_record(reading, 2),
        event_record(frame(("early", NOW + 1, {"a": 1.0})), 3),
    )
    assert quarantine.reasons() == ["unknown_device"]
    # The policy in force is remembered with the position, not only in memory.
    await project(projection, event_record(reading, 4), event_record(StatusReported("stranger", NOW, "online"), 5))
    assert quarantine.reasons() == ["unknown_device"] * 3
    await projection.apply(
        TOPIC,
        0,
        [event_record(DeviceDefined(1, Device("stranger", "No more")), 6), event_record(reading, 7)],
    )
    assert [row[0] for row in await telemetry(pool)] == ["early", "early", "stranger"]
    assert quarantine.reasons() == ["unknown_device"] * 3


async def test_a_device_registers_itself_and_shows_when_it_was_heard(projection: Projection, pool: Pool) -> None:
    await project(projection, event_record(frame(("d", 1_386_000_000_000, {"a": 1.0})), 0))
    row = await pool.fetchrow("SELECT registered_by, version, status, last_seen FROM devices")
    assert row is not None
    assert (row["registered_by"], row["version"], row["status"]) == ("itself", 0, "online")
    assert int(row["last_seen"].timestamp() * 1000) == NOW


async def test_definitions_count_only_if_their_version_is_higher(projection: Projection, pool: Pool) -> None:
    await project(
        projection,
        event_record(DeviceDefined(2, Device("d", "Two", metadata={"keys": {"a": {"unit": "°C"}}})), 0),
        event_record(DeviceDefined(1, Device("d", "One")), 1),
    )
    await project(projection, event_record(DeviceDefined(2, Device("d", "Another two")), 2))
    row = await pool.fetchrow("SELECT name, version, registered_by, metadata::text FROM devices")
    assert row is not None
    assert tuple(row) == ("Two", 2, "command", '{"keys": {"a": {"unit": "°C"}}}')


async def test_a_removed_device_is_quarantined_until_it_is_defined_again_and_keeps_its_history(
    projection: Projection, pool: Pool, quarantine: KeptQuarantine
) -> None:
    await project(
        projection,
        event_record(DeviceDefined(1, Device("d", "D")), 0),
        event_record(frame(("d", NOW, {"a": 1.0})), 1),
        event_record(DeviceRemoved(2, "d"), 2),
        event_record(frame(("d", NOW + 1, {"a": 2.0})), 3),
    )
    assert quarantine.reasons() == ["device_removed"]
    row = await pool.fetchrow("SELECT name, removed, version FROM devices")
    assert row is not None
    assert tuple(row) == ("D", True, 2)
    await project(projection, event_record(frame(("d", NOW + 2, {"a": 3.0})), 4))
    assert quarantine.reasons() == ["device_removed"] * 2
    await project(
        projection,
        event_record(DeviceDefined(3, Device("d", "D again", active=False)), 5),
        event_record(frame(("d", NOW + 3, {"a": 4.0})), 6),
    )
    assert [row[3] for row in await telemetry(pool)] == ["1", "4"]


async def test_a_silent_device_that_sends_is_online_again(projection: Projection, pool: Pool) -> None:
    await project(
        projection,
        event_record(frame(("d", NOW, {"a": 1.0})), 0),
        event_record(StatusReported("d", NOW, "offline", {"cause": "lost"}), 1),
    )
    row = await pool.fetchrow("SELECT status, status_details::text FROM devices")
    assert row is not None
    assert tuple(row) == ("offline", '{"cause": "lost"}')
    await projection.apply(TOPIC, 0, [event_record(frame(("d", NOW + 1, {"a": 1.0})), 2)])
    assert await pool.fetchval("SELECT status FROM devices") == "online"


async def test_rules_come_once_per_partition_and_every_version_is_kept(projection: Projection, pool: Pool) -> None:
    hotter = RULE.model_copy(update={"name": "Hotter"})
    for partition in range(3):
        await project(
            projection,
            event_record(RuleDefined(1, "hot", RULE), 0, partition=partition),
            event_record(RuleDefined(2, "hot", hotter), 1, partition=partition),
            event_record(RuleDefined(1, "hot", RULE), 2, partition=partition),
            partition=partition,
        )
    assert await pool.fetchval("SELECT name FROM rules") == "Hotter"
    await project(projection, event_record(RuleRemoved(3, "hot"), 3))
    rows = await pool.fetch("SELECT version, removed FROM rule_versions ORDER BY version")
    assert [tuple(row) for row in rows] == [(1, False), (2, False), (3, True)]
    row = await pool.fetchrow("SELECT name, version, removed FROM rules")
    assert row is not None
    assert tuple(row) == ("Hotter", 3, True)


async def test_silences_and_policies_are_shown(projection: Projection, pool: Pool) -> None:
    silence = Silence("s", NOW, NOW + 1000, "maintenance", "anna", device_id="d")
    await project(
        projection,
        event_record(SilenceDefined(1, silence), 0),
        event_record(SilenceRemoved(2, "s"), 1),
        event_record(PolicyDefined(4, Policy(lateness_ms=5)), 2),
    )
    row = await pool.fetchrow("SELECT version, removed, reason, device_id FROM silences")
    assert row is not None
    assert tuple(row) == (2, True, "maintenance", "d")
    assert await pool.fetchval("SELECT body ->> 'lateness_ms' FROM policies WHERE version = 4") == "5"


async def test_ticks_move_the_position_in_memory_for_five_seconds(pool: Pool) -> None:
    now = 100.0
    projection = Projection(pool, None, KeptQuarantine(), JOURNAL, clock=lambda: now)
    await project(projection, event_record(frame(("d", NOW, {"a": 1.0})), 0))
    ticks = [event_record(Ticked(1000), offset) for offset in range(1, 4)]
    await projection.apply(TOPIC, 0, [*ticks, event_record(frame(), 4)])
    stored = "SELECT position FROM projection_offsets"
    assert (projection.position(TOPIC, 0), await pool.fetchval(stored)) == (4, 0)
    await projection.flush(TOPIC, 0)
    assert await pool.fetchval(stored) == 0
    now += 5
    await projection.flush(TOPIC, 0)
    assert await pool.fetchval(stored) == 4
    await projection.apply(TOPIC, 0, [event_record(frame(("d", NOW + 9, {"a": 1.0})), 5)])
    assert await pool.fetchval(stored) == 5


async def test_positions_skip_what_aged_out(projection: Projection, pool: Pool) -> None:
    await projection.load(TOPIC, 0)
    await projection.skip_to(TOPIC, 0, 41)
    await projection.apply(TOPIC, 0, [event_record(frame(("d", NOW, {"a": 1.0})), 42)])
    assert await pool.fetchval("SELECT position FROM projection_offsets") == 42


async def test_another_journal_is_refused_with_the_command_that_mends_it(projection: Projection, pool: Pool) -> None:
    await projection.load(TOPIC, 0)
    other = Projection(pool, None, KeptQuarantine(), Journal("another", 8))
    with pytest.raises(JournalMismatch, match="iiot journal adopt"):
        await other.load(TOPIC, 0)


async def test_partitions_are_applied_at_the_same_time(projection: Projection, pool: Pool) -> None:
    async def one(partition: int) -> None:
        await project(
            projection,
            *(event_record(RuleDefined(version, "hot", RULE), version, partition=partition) for version in range(5)),
            *(
                event_record(frame((f"d-{partition}", NOW + at, {"a": 1.0})), 5 + at, partition=partition)
                for at in range(20)
            ),
            partition=partition,
        )

    await asyncio.gather(*map(one, range(8)))
    assert len(await telemetry(pool)) == 160


async def test_postgresql_stopped_is_said_within_six_seconds_and_nothing_is_half_written(
    stack: LocalStack, projection: Projection, pool: Pool
) -> None:
    await project(projection, event_record(frame(("d", NOW, {"a": 1.0})), 0))
    second = event_record(frame(("d", NOW + 1, {"a": 2.0})), 1)
    stack.pause("postgres")
    try:
        began = time.monotonic()
        with pytest.raises(PostgresUnavailable):
            await projection.apply(TOPIC, 0, [second])
        assert time.monotonic() - began < 6
    finally:
        stack.resume("postgres")
    stack.stop("postgres")
    began = time.monotonic()
    with pytest.raises(PostgresUnavailable):
        await projection.load(TOPIC, 0)
    assert time.monotonic() - began < 6
    stack.start("postgres")
    position = await projection.load(TOPIC, 0)
    assert len(await telemetry(pool)) == position + 1
    await projection.apply(TOPIC, 0, [second][position:])
    assert [row[3] for row in await telemetry(pool)] == ["1", "2"]


async def test_when_a_device_was_heard_is_written_at_first_and_then_every_five_seconds(pool: Pool) -> None:
    now = 100.0
    projection = Projection(pool, None, KeptQuarantine(), JOURNAL, clock=lambda: now)
    await project(projection, event_record(frame(("d", NOW, {"a": 1.0})), 0, at=NOW))
    await projection.apply(TOPIC, 0, [event_record(frame(("d", NOW + 1, {"a": 1.0})), 1, at=NOW + 2000)])
    seen = "SELECT (extract(epoch FROM last_seen) * 1000)::bigint FROM devices"
    assert await pool.fetchval(seen) == NOW
    now += 5
    await projection.flush(TOPIC, 0)
    assert await pool.fetchval(seen) == NOW + 2000
    await projection.apply(TOPIC, 0, [event_record(frame(("d", NOW + 2, {"a": 1.0})), 2, at=NOW + 60_000)])
    assert await pool.fetchval(seen) == NOW + 60_000
