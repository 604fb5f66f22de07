"""A backtest over real Kafka says what a detection worker said, and says so beyond the journal's retention too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from pipeline.alerts import AlertEvent
from pipeline.backtest import Candidate
from pipeline.cli.backtesting import backtest
from pipeline.cli.main import main
from pipeline.cli.spans import Span
from pipeline.events import RuleDefined
from pipeline.journal.clients import make_admin
from pipeline.journal.identity import Journal
from pipeline.journal.writer import JournalWriter
from pipeline.rules.model import parse_rule
from pipeline.settings import Settings
from pipeline.topics import EVENTS
from sinks.postgres.connect import make_pool
from sinks.postgres.migrate import migrate
from tests.support import sawtooth
from tests.support.subprocesses import environment_of
from tests.support.topics import distinct, fresh_journal, journal_writer, read_outputs
from tests.support.waiting import wait_until
from tests.support.workers import Worker

DEVICES = 10
EVER = Span(0, 4_000_000_000_000)
CONDITIONS = {"key": "temperature", "aggregate": "avg", "window_seconds": 10, "operator": ">", "value": 101.3}
AVERAGE = {"rule_id": "warm", "name": "Warm on average", "rule_type": "statistical", "conditions": CONDITIONS}


async def feed(writer: JournalWriter, first: int, last: int) -> None:
    for partition, frame in sawtooth.frames(DEVICES, first, last, writer.partitions):
        await writer.append_frame(partition, frame)


def order(events: list[AlertEvent]) -> list[AlertEvent]:
    return sorted(events, key=lambda event: (event.cause.partition, event.cause.offset, event.alert_id, event.sequence))


async def test_a_backtest_gives_the_list_that_the_live_run_gave(
    kafka_settings: Settings, writer: JournalWriter, started: list[Worker]
) -> None:
    worker = Worker(kafka_settings, "detect", name="detect")
    started.append(worker)
    await writer.append(sawtooth.rule())
    await feed(writer, 0, 55)
    rule = parse_rule(AVERAGE)
    await writer.append(RuleDefined(1, "warm", rule))
    await feed(writer, 55, 155)
    expected = sawtooth.transitions(DEVICES, 155)

    async def live() -> list[AlertEvent]:
        return list(distinct(await read_outputs(kafka_settings)).values())

    async def complete() -> bool:
        found = await live()
        hot = {(each.device_id, each.transition, each.at) for each in found if each.rule_id == sawtooth.RULE_ID}
        return hot == expected

    await wait_until(complete, 60, "the live run to say all")
    said = await live()
    for candidate in (Candidate.of(rule), Candidate(sawtooth.RULE_ID, sawtooth.rule().rule)):
        done = await backtest(kafka_settings, [candidate], EVER, None, True, lambda done, total: None)
        found = [output for output in done.outputs[0] if isinstance(output, AlertEvent)]
        assert order(found) == order([event for event in said if event.rule_id == candidate.rule_id])
        assert len(found) > 50
        assert done.approximate == ""
        alone = await backtest(kafka_settings, [candidate], EVER, "device-3", True, lambda done, total: None)
        assert alone.outputs[0] == [output for output in done.outputs[0] if output.device_id == "device-3"]


async def test_beyond_the_journal_the_stored_telemetry_serves_and_it_is_said(settings: Settings) -> None:
    journal = await fresh_journal(settings)
    await migrate(settings)
    async with journal_writer(settings, journal) as writer:
        for number in range(3):
            await writer.append(sawtooth.rule(number + 1))
        await _forget_the_oldest(settings, journal)
    async with make_pool(settings, max_size=1) as pool:
        await pool.execute(
            """INSERT INTO devices (device_id, name, registered_by, as_of, created_at, updated_at)
            VALUES ('m', 'm', 'itself', 0, now(), now())"""
        )
        await pool.execute(
            """INSERT INTO telemetry (device_id, key, ts, value, received_at)
            SELECT 'm', 'temperature', '2026-01-01T00:00:00Z'::timestamptz + n * interval '1 minute',
                CASE WHEN n % 10 < 4 THEN 120 ELSE 80 END, now() FROM generate_series(0, 119) AS n"""
        )
    start = 1_767_225_600_000
    span = Span(start + 1_800_000, start + 3_600_000)
    reports: list[tuple[int, int]] = []
    hot = Candidate.of(sawtooth.rule().rule)
    warm = Candidate.of(parse_rule({**AVERAGE, "conditions": {**CONDITIONS, "window_seconds": 1200}}))
    done = await backtest(settings, [hot, warm], span, None, False, lambda *at: reports.append(at))
    assert "stored telemetry" in done.approximate
    minutes = [(output.at - start) // 60_000 for output in done.outputs[0]]
    assert minutes == [30, 34, 40, 44, 50, 54]
    assert done.outputs[1] == [], "an average over full periods never gets so high; only a cold window would"
    assert reports[-1] == (1, 1)


async def _forget_the_oldest(settings: Settings, journal: Journal) -> None:
    admin = make_admin(settings)
    await admin.start()
    try:
        await admin.delete_records(
            {TopicPartition(EVENTS.name, number): RecordsToDelete(2) for number in range(journal.partitions)}
        )
    finally:
        await admin.close()


@pytest.fixture
def on_the_command_line(kafka_settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in environment_of(kafka_settings).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("IIOT_ENV_FILE", str(tmp_path / "none"))


@pytest.fixture
def filled(kafka_settings: Settings) -> None:
    import asyncio

    async def fill() -> None:
        journal = await fresh_journal(kafka_settings)
        async with journal_writer(kafka_settings, journal) as writer:
            await feed(writer, 0, 60)

    asyncio.run(fill())


@pytest.mark.usefixtures("on_the_command_line", "filled")
def test_the_commands_print_tables_and_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as exit_info:
            main(arguments)
        out, err = capsys.readouterr()
        return int(exit_info.value.code or 0), out, err

    old, new = tmp_path / "old.json", tmp_path / "new.json"
    body = {
        "name": "Hot",
        "rule_type": "threshold",
        "conditions": {"key": "temperature", "operator": ">", "value": 100},
    }
    old.write_text(json.dumps(body), encoding="utf-8")
    new.write_text(json.dumps({**body, "conditions": {**body["conditions"], "value": 105}}), encoding="utf-8")  # type: ignore[dict-item]

    code, out, err = run("backtest", str(old), "--from", "1h", "--json")
    assert code == 0, err
    document = json.loads(out)
    raised = [each for each in sawtooth.transitions(DEVICES, 60) if each[1] == "raised"]
    assert document["summary"]["raised"] == len(raised) == len(document["alerts"])
    assert document["approximate"] is None
    code, out, err = run("backtest", str(old), "--from", "1h", "--device", "device-1")
    assert (code, "raised" in out, "device-1" in out, "device-2" in out) == (0, True, True, False)

    code, out, err = run("rules", "diff", str(old), str(new), "--from", "1h", "--json")
    assert code == 0, err
    difference = json.loads(out)
    assert len(difference["shifted"]) > 0
    assert difference["removed"] == difference["added"] == []
    code, out, _ = run("rules", "diff", str(old), str(new), "--from", "1h")
    assert (code, "shifted" in out) == (0, True)

    code, _, err = run("backtest", str(old), "--from", "applied")
    assert (code, "does not define this very rule" in err) == (2, True)
    code, _, err = run("backtest", str(old), "--from", "yesterday")
    assert (code, err.startswith("iiot: --from: use a time such as")) == (2, True)
