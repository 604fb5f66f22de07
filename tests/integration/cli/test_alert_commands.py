"""`iiot alerts` and `iiot explain` against the real servers."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.alert_codec import encode_output
from pipeline.alerts import AlertEvent, Cause
from pipeline.cli.main import main
from pipeline.codec import decode
from pipeline.events import AlertAcknowledged, AlertNoted, RuleDefined
from pipeline.journal.clients import make_producer
from pipeline.journal.identity import Journal
from pipeline.partitioning import partition_for
from pipeline.settings import Settings
from pipeline.topics import ALERTS, EVENTS
from sinks.postgres.connect import make_pool
from sinks.postgres.migrate import migrate
from sinks.postgres.projection import Projection
from tests.support.event_logs import START, Log, Record, rule
from tests.support.folding import fold
from tests.support.records import KeptQuarantine, alert_record, event_record, frame
from tests.support.subprocesses import environment_of
from tests.support.topics import fresh_journal, read_topic
from tests.support.waiting import wait_until

DEVICE = "d0"
PARTITION = fold([])[0].partition


def make_log() -> Log:
    made = rule("comparison", key="a", operator=">", other_key="b", offset=2.0, name="Hotter than b")
    values: list[dict[str, float | int | bool | str]] = [{"b": 5}, {"a": 12}, {"a": 3}, {"a": 20}]
    frames = [Record(START + n * 1000, frame((DEVICE, START + n * 1000, each))) for n, each in enumerate(values)]
    return [Record(START, RuleDefined(1, "r", made)), *frames]


@pytest.fixture
def alerts(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[AlertEvent]:
    """A resolved and an open alert, projected as the platform does it."""
    for name, value in environment_of(settings).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("IIOT_ENV_FILE", str(tmp_path / "none"))
    log = make_log()
    outputs = [output for output in fold(log)[1] if isinstance(output, AlertEvent)]

    async def project() -> None:
        await fresh_journal(settings)
        await migrate(settings)
        async with make_pool(settings) as pool:
            projection = Projection(pool, None, KeptQuarantine(), Journal("journal", 8))
            await projection.load(EVENTS.name, PARTITION)
            assert log[0].event is not None
            await projection.apply(EVENTS.name, PARTITION, [event_record(log[0].event, 0, partition=PARTITION)])
            await projection.load(ALERTS.name, PARTITION)
            records = [alert_record(each, offset, partition=PARTITION) for offset, each in enumerate(outputs)]
            await projection.apply(ALERTS.name, PARTITION, records)

    asyncio.run(project())
    assert [each.transition for each in outputs] == ["raised", "resolved", "raised"]
    return outputs


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as exit_info:
        main(arguments)
    out, err = capsys.readouterr()
    return int(exit_info.value.code or 0), out, err


def test_alerts_are_listed_and_shown(alerts: list[AlertEvent], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "alerts", "list", "--json")
    assert code == 0, err
    assert [each["alert_id"] for each in json.loads(out)] == [alerts[2].alert_id]
    _, out, _ = run(capsys, "alerts", "list", "--status", "all", "--device", DEVICE)
    assert out.count("Hotter than b") == 2
    assert "there are no such alerts" in run(capsys, "alerts", "list", "--severity", "critical")[1]
    _, out, _ = run(capsys, "alerts", "show", alerts[0].alert_id[:8])
    assert "raised" in out
    assert "resolved" in out
    assert run(capsys, "alerts", "show", "0000")[2].startswith("iiot: there is no alert 0000; iiot alerts list")
    assert run(capsys, "alerts", "show", "x%")[2].startswith("iiot: ALERT_ID: use the id that")


def test_an_alert_is_explained_in_words_with_the_journals_coordinates(
    alerts: list[AlertEvent], capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "explain", alerts[0].alert_id)
    assert code == 0, err
    assert "Hotter than b (r, version 1)" in out
    assert "by      record 2 of iiot.events, partition 3" in out
    assert "reading a = 12 at 2023-11-14T22:13:21Z (record 2, entry 0)" in out
    assert "known b = 5 at 2023-11-14T22:13:20Z (record 1, entry 0)" in out
    assert "a > b + 2: true (12, 7)" in out
    assert "a > b + 2: false (3, 7)" in out
    assert out.count("the same follows") == 2
    document = json.loads(run(capsys, "explain", alerts[0].alert_id, "--json")[1])
    assert [each["judged_anew"]["transition"] for each in document["transitions"]] == ["raised", "resolved"]


def test_the_alarm_report_reads_what_is_stored(
    settings: Settings, alerts: list[AlertEvent], capsys: pytest.CaptureFixture[str]
) -> None:
    span = ("--from", "2023-11-14T22:00:00Z", "--to", "2023-11-14T23:50:00+01:00")
    code, out, err = run(capsys, "report", "alarms", *span, "--json")
    assert code == 0, err
    document = json.loads(out)
    assert document["alarms"] == 2
    assert document["per_10_minutes"]["periods"] == 5
    assert document["per_10_minutes"]["worst"] == [{"from": "2023-11-14T22:10:00Z", "alarms": 2}]
    assert document["top_rules"] == [{"rule_id": "r", "alarms": 2}]
    assert document["acknowledging"]["never"] == 2
    later = json.loads(run(capsys, "report", "alarms", "--from", "2023-11-20T00:00:00Z", "--json")[1])
    assert later["alarms"] == 0
    assert [each["opened_at"] for each in later["standing"]] == ["2023-11-14T22:13:23Z"]
    _, out, _ = run(capsys, "report", "alarms", *span)
    assert "opened       2, and 0 silenced" in out
    assert "2 in the 10 min from 2023-11-14T22:10:00Z" in out


def test_a_command_that_nobody_answers_says_so_and_is_in_the_journal(
    settings: Settings, alerts: list[AlertEvent], capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    code, out, _ = run(capsys, "alerts", "note", alerts[2].alert_id, "looked at it")
    assert (code, "is safe in the journal" in out, "iiot status" in out) == (1, True, True)
    assert 4.5 < time.monotonic() - began < 15
    (record,) = [each for each in asyncio.run(read_topic(settings, EVENTS.name)) if each.key == DEVICE.encode()]
    event = decode(record.headers, record.value)
    assert isinstance(event, AlertNoted)
    assert (event.alert_id, event.device_id, event.rule_id, event.notes) == (
        alerts[2].alert_id, DEVICE, "r", "looked at it"
    )  # fmt: skip
    assert record.partition == partition_for(DEVICE, 8)


async def answer_once(settings: Settings, opened: AlertEvent) -> None:
    """Say what detection would say, among other things, as soon as the command is in the journal."""
    partition = partition_for(DEVICE, 8)
    offsets: list[int] = []

    async def commanded() -> bool:
        mine = [record for record in await read_topic(settings, EVENTS.name) if record.key == DEVICE.encode()]
        offsets[:] = [each.offset for each in mine if isinstance(decode(each.headers, each.value), AlertAcknowledged)]
        return bool(offsets)

    await wait_until(commanded, 30, "the command")
    cause = Cause(EVENTS.name, partition, offsets[0])
    elsewhere = replace(opened, alert_id="0" * 36, cause=replace(cause, offset=cause.offset + 1))
    outcome = replace(opened, sequence=2, transition="acknowledged", cause=cause)
    producer = make_producer(settings)
    await producer.start()
    try:
        for each in (elsewhere, outcome):
            made = encode_output(each)
            await producer.send_and_wait(ALERTS.name, made.body, partition=partition, headers=list(made.headers))
    finally:
        await producer.stop()


def test_a_command_waits_for_the_outcome_that_names_it(
    settings: Settings, alerts: list[AlertEvent], capsys: pytest.CaptureFixture[str]
) -> None:
    answering = threading.Thread(target=lambda: asyncio.run(answer_once(settings, alerts[2])))
    answering.start()
    code, out, err = run(capsys, "alerts", "ack", alerts[2].alert_id[:10], "--notes", "on it")
    answering.join()
    assert code == 0, (out, err)
    assert out.startswith(f"acknowledged  {alerts[2].alert_id}")
