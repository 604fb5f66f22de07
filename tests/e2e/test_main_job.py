"""The main job as a user does it: rules from a file, a recording through MQTT, and everybody hears of the alerts."""

from __future__ import annotations

import asyncio
import csv
import json
import math
import subprocess
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean, stdev

import asyncpg
import pytest
import socketio

from pipeline.cli.stack.ports import free_ports
from pipeline.settings import Settings
from sinks.postgres.migrate import migrate
from tests.support.stack import LocalStack
from tests.support.topics import fresh_journal
from tests.support.waiting import wait_until
from tests.support.workers import Worker, workers

START = int(datetime(2013, 12, 2, 21, 15, tzinfo=UTC).timestamp())
RULES = """
- name: Machine too hot
  device_id: machine-1
  rule_type: threshold
  conditions: {key: temperature, operator: ">", value: 100}
  severity: critical
- name: Machine runs warm
  device_id: machine-1
  rule_type: statistical
  conditions: {key: temperature, aggregate: avg, window_seconds: 7200, operator: ">", value: 93}
- name: Bench shakes
  device_id: bench-1
  rule_type: statistical
  conditions:
    {key: Accelerometer1RMS, aggregate: stddev, window_seconds: 30, operator: ">", value: 0.4, min_samples: 10}
- name: Bench warmer than its jacket
  device_id: bench-1
  rule_type: comparison
  conditions: {key: Temperature, operator: ">", other_key: Thermocouple, offset: 50}
"""


@pytest.fixture
async def platform(stack: LocalStack, tmp_path: Path) -> AsyncIterator[Settings]:
    """Bridge, detection, projection and API on a fresh journal and database."""
    settings = stack.settings(db_name=stack.new_database(), data_dir=tmp_path, api_port=free_ports(1)[0])
    await migrate(settings)
    await fresh_journal(settings)
    with workers() as started:
        started += [Worker(settings, name, name=name) for name in ("detect", "project", "api", "bridge")]
        await asyncio.to_thread(started[0].wait_for, "opened", 60, 8)
        await asyncio.to_thread(started[1].wait_for, "opened", 60, 24)
        yield settings


def iiot(settings: Settings, *arguments: str) -> str:
    worker = Worker(settings, *arguments, name=f"iiot-{arguments[0]}")
    assert worker.process.wait(120) == 0, worker.log_tail()
    text = worker.log_path.read_text()
    worker.log_path.unlink()
    return text


def machine_file(path: Path) -> list[tuple[int, float]]:
    """Five-minute temperatures for twelve days, with an hour that stands twice, the second time with other values."""
    rows = [(START + 300 * n, round(85 + 12 * math.sin(n / 40) + 9 * math.sin(n / 3), 3)) for n in range(3456)]
    rows[2000:2000] = [(ts, value + 1) for ts, value in rows[1988:2000]]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["timestamp", "value"])
        for ts, value in rows:
            writer.writerow([datetime.fromtimestamp(ts, UTC).strftime("%Y-%m-%d %H:%M:%S"), value])
    return [(ts * 1000, value) for ts, value in rows]


def bench_file(path: Path) -> list[tuple[int, dict[str, float]]]:
    """Eight sensors once a second, semicolons, times without a zone, and label columns."""
    names = ["Accelerometer1RMS", "Accelerometer2RMS", "Current", "Pressure", "Temperature", "Thermocouple", "Voltage",
             "Volume Flow RateRMS"]  # fmt: skip
    rows = []
    for n in range(900):
        shaking = 1 if 300 <= n < 340 or 700 <= n < 705 else 0
        values = [
            0.03 + shaking * (n % 2),
            0.04,
            1.3 + n % 3,
            0.05,
            70 + 10 * math.sin(n / 50),
            26.0,
            233 + n % 7,
            32.0,
        ]
        rows.append((START + n, dict(zip(names, (round(value, 4) for value in values), strict=True))))
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["datetime", *names, "anomaly", "changepoint"])
        for ts, values_of in rows:
            when = datetime.fromtimestamp(ts, UTC).strftime("%Y-%m-%d %H:%M:%S")
            writer.writerow([when, *values_of.values(), "0.0", "0.0"])
    return [(ts * 1000, values_of) for ts, values_of in rows]


def edges(name: str, judged: Iterator[tuple[int, bool]]) -> Iterator[tuple[str, str, int]]:
    is_open = False
    for ts, is_true in judged:
        if is_true != is_open:
            is_open = is_true
            yield name, "raised" if is_true else "resolved", ts


def first_of_each(rows: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """What counts for the rules: a reading older than one before it by more than a minute does not."""
    kept: list[tuple[int, float]] = []
    for ts, value in rows:
        if not kept or ts > kept[-1][0]:
            kept.append((ts, value))
    return kept


def window(rows: list[tuple[int, float]], number: int, seconds: int) -> list[float]:
    """The values with time in (floor(t/b)*b + b - window, t], b = max(1 s, window/60)."""
    ts, step = rows[number][0], max(1000, seconds * 1000 // 60)
    after = ts // step * step + step - seconds * 1000
    return [value for at, value in rows[max(0, number - seconds) : number + 1] if after < at <= ts]


def expected(machine: list[tuple[int, float]], bench: list[tuple[int, dict[str, float]]]) -> set[tuple[str, str, int]]:
    hot = first_of_each(machine)
    shakes = [(ts, values["Accelerometer1RMS"]) for ts, values in bench]
    shaking = ((ts, window(shakes, n, 30)) for n, (ts, _) in enumerate(shakes))
    return {
        *edges("machine-too-hot", ((ts, value > 100) for ts, value in hot)),
        *edges("machine-runs-warm", ((ts, fmean(window(hot, n, 7200)) > 93) for n, (ts, _) in enumerate(hot))),
        *edges("bench-shakes", ((ts, stdev(values) > 0.4) for ts, values in shaking if len(values) >= 10)),
        *edges(
            "bench-warmer-than-its-jacket",
            ((ts, values["Temperature"] > values["Thermocouple"] + 50) for ts, values in bench),
        ),
    }


def key_of(event: dict[str, object]) -> tuple[str, str, int]:
    at = datetime.fromisoformat(str(event["at"]))
    return str(event["rule_id"]), str(event["transition"]), round(at.timestamp() * 1000)


def kcat(settings: Settings) -> list[dict[str, object]]:
    """The alert events as any Kafka consumer sees them."""
    command = ["kcat", "-b", settings.kafka_bootstrap_servers, "-C", "-t", "iiot.alerts", "-e", "-q"]
    out = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    return [json.loads(line) for line in out.splitlines()]


async def test_recordings_become_rows_and_exactly_the_alerts_that_a_plain_reading_gives(
    platform: Settings, tmp_path: Path
) -> None:
    machine, bench = machine_file(tmp_path / "machine.csv"), bench_file(tmp_path / "bench.csv")
    (tmp_path / "rules.yaml").write_text(RULES)
    wanted = expected(machine, bench)
    assert len(wanted) > 100
    heard: list[dict[str, object]] = []
    client = socketio.AsyncClient()
    client.on("alert", heard.append)
    await client.connect(f"http://{platform.api_host}:{platform.api_port}")
    connection = await asyncpg.connect(
        host=platform.db_host, port=platform.db_port, database=platform.db_name,
        user=platform.db_user, password=platform.db_password.get_secret_value(),
    )  # fmt: skip
    try:
        rules = await asyncio.to_thread(iiot, platform, "rules", "apply", str(tmp_path / "rules.yaml"))
        assert rules.count("created") == 4
        replay = ("replay", str(tmp_path / "machine.csv"), "--device", "machine-1", "--key", "temperature")
        assert "3,468 of 3,468 messages acknowledged" in await asyncio.to_thread(iiot, platform, *replay)
        bench_replay = ("replay", str(tmp_path / "bench.csv"), "--device", "bench-1")
        assert "900 of 900 messages acknowledged" in await asyncio.to_thread(iiot, platform, *bench_replay)

        async def all_stored() -> bool:
            rows = await connection.fetchval("SELECT count(*) FROM telemetry")
            events = await connection.fetchval("SELECT count(*) FROM alert_events")
            return bool(rows >= 3456 + 900 * 8 and events >= len(wanted))

        await wait_until(all_stored, 60, "rows and alert events")
        await wait_until(lambda: len(heard) >= len(wanted), 20, f"{len(wanted)} alerts at the Socket.IO client")
        counts = await connection.fetch("SELECT device_id, count(*) AS n FROM telemetry GROUP BY 1")
        assert {row["device_id"]: row["n"] for row in counts} == {"machine-1": 3456, "bench-1": 900 * 8}
        first = await connection.fetchval(
            "SELECT value FROM telemetry WHERE device_id = 'machine-1' AND ts = to_timestamp($1)",
            machine[1990][0] / 1000,
        )
        assert first == machine[1990][1], "the first value of a timestamp counts"
        conflicts = await connection.fetchval("SELECT conflicts FROM devices WHERE device_id = 'machine-1'")
        assert conflicts == 12

        assert sorted(map(key_of, kcat(platform))) == sorted(wanted)
        assert sorted(map(key_of, heard)) == sorted(wanted)
        alerts = await connection.fetch("SELECT rule_id, opened_at FROM alerts")
        raised = sorted((rule, ts) for rule, transition, ts in wanted if transition == "raised")
        assert sorted((row["rule_id"], round(row["opened_at"].timestamp() * 1000)) for row in alerts) == raised

        await asyncio.to_thread(iiot, platform, *replay)
        assert "unchanged" in await asyncio.to_thread(iiot, platform, "rules", "apply", str(tmp_path / "rules.yaml"))

        async def replayed() -> bool:
            found = await connection.fetchval("SELECT conflicts FROM devices WHERE device_id = 'machine-1'")
            return bool(found == 24)

        await wait_until(replayed, 60, "the second replay to be read")
        assert await connection.fetchval("SELECT count(*) FROM telemetry") == 3456 + 900 * 8
        assert len(kcat(platform)) == len(wanted), "a second replay said something new"
    finally:
        await connection.close()
        await client.disconnect()
