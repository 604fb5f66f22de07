"""Alert records into rows, without a server."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from pipeline.alert_codec import encode_output
from pipeline.alerts import AlertEvent, Cause, DeviceStatus, Output, RuleSuspended, Transition
from pipeline.errors import InvalidInput
from pipeline.journal.records import Record
from sinks.postgres.projection.alert_rows import ShownStatusRow
from sinks.postgres.projection.alerts import decide_alerts, read_output, rule_versions_named
from tests.support.records import NOW, alert_record

RAISED = AlertEvent(
    "5b1f3c52-7d0e-5f0a-9d6b-8f0c54a8a1d1", 1, "raised", "hot", 2, "Hot", "d", "warning", "too hot", True, "on", None,
    {"x": None}, NOW, NOW, Cause("iiot.events", 0, 1),
)  # fmt: skip
SUSPENDED = RuleSuspended("hot", 2, "d", "KeyError", NOW, Cause("iiot.events", 0, 1))


def test_only_numbers_become_numbers() -> None:
    (row,) = decide_alerts([(alert_record(RAISED, 0), RAISED)]).alerts
    assert (row.value, row.threshold, row.status, row.acknowledged) == (None, None, "open", None)


@pytest.mark.parametrize(
    ("transition", "status", "acknowledged"),
    [
        ("escalated", "open", None),
        ("acknowledged", None, True),
        ("unacknowledged", None, False),
        ("noted", None, None),
        ("unsilenced", "open", None),
        ("resolved", "resolved", None),
        ("closed", "closed", None),
    ],
)
def test_a_transition_changes_what_it_is_about(
    transition: Transition, status: str | None, acknowledged: bool | None
) -> None:
    event = replace(RAISED, transition=transition)
    (row,) = decide_alerts([(alert_record(event, 0), event)]).alerts
    assert (row.status, row.acknowledged) == (status, acknowledged)


def test_suspensions_name_their_rule_version_too() -> None:
    decoded: list[tuple[Record, Output]] = [(alert_record(RAISED, 0), RAISED), (alert_record(SUSPENDED, 1), SUSPENDED)]
    assert rule_versions_named(decoded) == {("hot", 2)}
    assert [row.error for row in decide_alerts(decoded).suspensions] == ["KeyError"]


@pytest.mark.parametrize(
    "field", ["rule_id", "rule_version", "rule_name", "device_id", "severity", "message", "notify"]
)
@pytest.mark.parametrize("value", [None, [1], {"a": 1}, 1.5])
def test_a_field_of_the_wrong_type_is_undecodable(field: str, value: object) -> None:
    encoded = encode_output(RAISED)
    body = orjson.dumps({**orjson.loads(encoded.body), field: value})
    with pytest.raises(InvalidInput):
        read_output(encoded.headers, body)


def test_what_was_encoded_is_read() -> None:
    for output in (RAISED, SUSPENDED):
        assert read_output(*encode_output(output)) == output


def test_a_devices_status_becomes_a_row_and_a_clock_does_not() -> None:
    shown = DeviceStatus("d", "offline", False, "silence", NOW, Cause("iiot.events", 0, 7))
    behind = DeviceStatus("d", "offline", True, "clock", NOW, Cause("iiot.events", 0, 8))
    record = Record("iiot.alerts", 0, 3, NOW, None, (), b"")
    changes = decide_alerts([(record, shown), (record, behind)])
    assert changes.statuses == [ShownStatusRow("d", "offline", NOW, 7, 3)]
    assert not changes.alerts
