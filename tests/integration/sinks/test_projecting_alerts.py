"""Projecting the alert and the quarantine topic into a real PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.alerts import AlertEvent, Cause, RuleSuspended
from pipeline.errors import NotYet
from pipeline.events import RuleDefined
from pipeline.quarantine import KafkaSource, MqttSource, Quarantined, encode_quarantined
from pipeline.rules.model import parse_rule
from pipeline.topics import ALERTS, EVENTS, QUARANTINE
from sinks.postgres.connect import Pool
from sinks.postgres.projection import Projection
from tests.support.records import NOW, KeptQuarantine, alert_record, event_record, raw_record

RULE = parse_rule(
    {"name": "Hot", "rule_type": "threshold", "conditions": {"key": "temperature", "operator": ">", "value": 100}}
)
RAISED = AlertEvent(
    alert_id="5b1f3c52-7d0e-5f0a-9d6b-8f0c54a8a1d1",
    sequence=1,
    transition="raised",
    rule_id="hot",
    rule_version=1,
    rule_name="Hot",
    device_id="d",
    severity="warning",
    message="temperature 101 > 100",
    value=101.0,
    threshold=100,
    unit="°C",
    context={"current_temperature": 101.0},
    opened_at=NOW,
    at=NOW,
    cause=Cause(EVENTS.name, 0, 1),
)
ESCALATED = replace(RAISED, sequence=2, transition="escalated", severity="critical", value=130.0)
ACKNOWLEDGED = replace(
    ESCALATED, sequence=3, transition="acknowledged", context={"by": "anna", "notes": "on it"}, at=NOW + 5
)
RESOLVED = replace(ESCALATED, sequence=4, transition="resolved", at=NOW + 9)


@pytest.fixture
async def ready(projection: Projection) -> Projection:
    """A projection that knows rule `hot`."""
    await projection.load(EVENTS.name, 0)
    await projection.apply(EVENTS.name, 0, [event_record(RuleDefined(1, "hot", RULE), 0)])
    await projection.load(ALERTS.name, 0)
    return projection


async def test_an_alert_goes_through_its_life_and_repeats_change_nothing(ready: Projection, pool: Pool) -> None:
    life = [RAISED, ESCALATED, ACKNOWLEDGED, RESOLVED]
    repeated = [*life, RAISED, ACKNOWLEDGED, RESOLVED]
    await ready.apply(ALERTS.name, 0, [alert_record(event, offset) for offset, event in enumerate(repeated)])
    row = await pool.fetchrow(
        """SELECT sequence, status, severity, value, acknowledged, acknowledged_by, notes, as_of,
            (extract(epoch FROM resolved_at) * 1000)::bigint, created_at < updated_at FROM alerts"""
    )
    assert row is not None
    assert tuple(row) == (4, "resolved", "critical", 130.0, True, "anna", "on it", 3, NOW + 9, True)
    events = await pool.fetch('SELECT sequence, transition, "offset" FROM alert_events ORDER BY sequence')
    assert [tuple(event) for event in events] == [
        (1, "raised", 0),
        (2, "escalated", 1),
        (3, "acknowledged", 2),
        (4, "resolved", 3),
    ]


async def test_an_alert_waits_for_its_rule_version(projection: Projection, pool: Pool) -> None:
    await projection.load(ALERTS.name, 0)
    with pytest.raises(NotYet, match="version 1 of rule hot"):
        await projection.apply(ALERTS.name, 0, [alert_record(RAISED, 0)])
    assert await projection.load(ALERTS.name, 0) == -1
    await projection.load(EVENTS.name, 0)
    await projection.apply(EVENTS.name, 0, [event_record(RuleDefined(1, "hot", RULE), 0)])
    await projection.apply(ALERTS.name, 0, [alert_record(RAISED, 0)])
    assert await pool.fetchval("SELECT status FROM alerts") == "open"


async def test_an_alert_of_a_rule_that_never_was_does_not_hold_up_the_others(
    ready: Projection, pool: Pool, quarantine: KeptQuarantine
) -> None:
    made_up = replace(RAISED, rule_id="never", cause=Cause(EVENTS.name, 0, 10**9))
    records = [
        alert_record(replace(made_up, cause=Cause(EVENTS.name, 0, 0)), 0),
        alert_record(made_up, 1),
        alert_record(RAISED, 2),
    ]
    with pytest.raises(NotYet):
        await ready.apply(ALERTS.name, 0, records)
    later = NOW + 3_600_000
    await ready.apply(EVENTS.name, 0, [event_record(RuleDefined(1, "other", RULE), 1, at=later)])
    await ready.load(ALERTS.name, 0)
    await ready.apply(ALERTS.name, 0, records)
    assert quarantine.reasons() == ["unknown_rule", "unknown_rule"]
    assert await pool.fetchval("SELECT count(*) FROM alerts") == 1


async def test_garbage_among_alerts_is_quarantined_and_passed(
    ready: Projection, pool: Pool, quarantine: KeptQuarantine
) -> None:
    alert = alert_record(RAISED, 3)
    assert alert.value is not None
    wrong_type = alert._replace(offset=1, value=alert.value.replace(b'"rule_version":1', b'"rule_version":[1]'))
    no_uuid = alert._replace(offset=2, value=alert.value.replace(RAISED.alert_id.encode(), b"not-a-uuid"))
    await ready.apply(ALERTS.name, 0, [raw_record(ALERTS.name, 0, (), b"garbage"), wrong_type, no_uuid, alert])
    assert quarantine.reasons() == ["undecodable", "undecodable", "row_refused"]
    assert await pool.fetchval("SELECT count(*) FROM alerts") == 1


async def test_a_suspended_rule_is_shown(ready: Projection, pool: Pool) -> None:
    suspended = RuleSuspended("hot", 1, "d", "ZeroDivisionError", NOW, Cause(EVENTS.name, 0, 7))
    await ready.apply(ALERTS.name, 0, [alert_record(suspended, 0), alert_record(suspended, 1)])
    assert await pool.fetchval("SELECT error FROM rule_suspensions") == "ZeroDivisionError"


async def test_the_quarantine_shows_each_input_once(projection: Projection, pool: Pool) -> None:
    of_kafka = Quarantined("undecodable", "no", "detect", KafkaSource(EVENTS.name, 2, 7), NOW, b"\0\xff")
    of_mqtt = Quarantined("invalid_json", "no \0", "bridge", MqttSource(b"insa/\xff"), NOW, b"{", "d", 3)
    items = [
        of_kafka,
        replace(of_kafka, by="project", received_at=NOW + 5),
        replace(of_kafka, index=1),
        of_mqtt,
        of_mqtt,
        replace(of_mqtt, received_at=NOW + 1),
    ]
    encoded = [encode_quarantined(item) for item in items]
    records = [raw_record(QUARANTINE.name, place, each.headers, each.body) for place, each in enumerate(encoded)]
    await projection.load(QUARANTINE.name, 0)
    await projection.apply(QUARANTINE.name, 0, [*records, raw_record(QUARANTINE.name, 6, (), b"garbage")])
    rows = await pool.fetch('SELECT "offset", reason FROM quarantine ORDER BY "offset"')
    assert [tuple(row) for row in rows] == [
        (0, "undecodable"),
        (2, "undecodable"),
        (3, "invalid_json"),
        (5, "invalid_json"),
        (6, "undecodable"),
    ]
