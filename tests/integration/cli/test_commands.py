"""The command line against the real servers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from pipeline.cli.main import main
from pipeline.events import Reading, Readings
from pipeline.journal.clients import make_producer
from pipeline.journal.writer import JournalWriter
from pipeline.partitioning import partition_for
from pipeline.payloads import parse_telemetry
from pipeline.settings import Settings
from sinks.postgres.connect import make_pool
from tests.support.stack import LocalStack
from tests.support.subprocesses import HOME, environment_of
from tests.support.waiting import wait_until_blocking

RULES = """
- name: Hot machine
  rule_type: threshold
  conditions: {key: temperature, operator: ">", value: 100}
- name: Warm on average
  rule_type: statistical
  conditions: {key: temperature, aggregate: avg, window_seconds: 3600, operator: ">", value: 90}
"""


@pytest.fixture
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """The settings as this process's environment."""
    for name, value in environment_of(settings).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("IIOT_ENV_FILE", str(tmp_path / "none"))
    return settings


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that must succeed; returns what it printed."""
    with pytest.raises(SystemExit) as exit_info:
        main(arguments)
    out, err = capsys.readouterr()
    assert (exit_info.value.code or 0) == 0, err
    return out


async def count(settings: Settings, query: str) -> int:
    """What a counting query answers."""
    async with make_pool(settings, max_size=1) as pool:
        return int(await pool.fetchval(query))


class Heard:
    """What a subscriber of a topic has received."""

    def __init__(self, settings: Settings, topic: str, *, session: str = "") -> None:
        self.messages: list[tuple[str, bytes]] = []
        subscribed = threading.Event()
        # A session that has a name outlives an outage of the broker, which an MQTT 3.1.1 client says with one flag.
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, session, clean_session=not session)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_message = lambda client, data, message: self.messages.append(
            (message.topic, bytes(message.payload))
        )
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.connect(settings.mqtt_broker_host, settings.mqtt_broker_port)
        self._client.subscribe(topic, qos=1)
        self._client.loop_start()
        assert subscribed.wait(10)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def heard(environment: Settings) -> Iterator[Heard]:
    """A subscriber to all telemetry."""
    subscriber = Heard(environment, "insa/devices/+/telemetry")
    yield subscriber
    subscriber.close()


def write_recording(path: Path, rows: int) -> Path:
    lines = [f"2014-01-{1 + n // 1440:02d} {n // 60 % 24:02d}:{n % 60:02d}:00,{70 + n % 7}.25" for n in range(rows)]
    path.write_text("timestamp,value\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_replay_publishes_every_line_in_order_and_counts_acknowledgements(
    heard: Heard, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = write_recording(tmp_path / "machine.csv", 3000)
    out = run(capsys, "replay", str(file), "--device", "machine-1", "--key", "temperature")
    assert "3,000 of 3,000 messages acknowledged" in out
    wait_until_blocking(lambda: len(heard.messages) >= 3000, 10, "all messages")
    read = [parse_telemetry(payload, "machine-1", 10**13).measurements[0] for _, payload in heard.messages]
    assert [measurement.ts for measurement in read] == [1_388_534_400_000 + 60_000 * n for n in range(3000)]
    assert read[1].values == {"temperature": 71.25}
    assert {topic for topic, _ in heard.messages} == {"insa/devices/machine-1/telemetry"}


def test_a_shifted_replay_ends_now(heard: Heard, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = write_recording(tmp_path / "machine.csv", 100)
    run(capsys, "replay", str(file), "--device", "m", "--shift-to-now")
    wait_until_blocking(lambda: len(heard.messages) >= 100, 10, "all messages")
    now = time.time_ns() // 1_000_000
    last = parse_telemetry(heard.messages[-1][1], "m", now).measurements[0].ts
    assert last is not None
    assert now - 30_000 < last <= now


def test_a_replay_at_some_speed_takes_its_time(
    heard: Heard, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = write_recording(tmp_path / "machine.csv", 11)
    began = time.monotonic()
    run(capsys, "replay", str(file), "--device", "m", "--speed", "600")
    assert 0.95 < time.monotonic() - began < 5


def test_ctrl_c_ends_a_replay_with_its_counts(environment: Settings, tmp_path: Path) -> None:
    file = write_recording(tmp_path / "machine.csv", 1000)
    command = (sys.executable, "-c", "from pipeline.cli.main import main; main()",
               "replay", str(file), "--device", "m", "--speed", "60")  # fmt: skip
    heard = Heard(environment, "insa/devices/m/telemetry")
    process = subprocess.Popen(command, cwd=HOME, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        wait_until_blocking(lambda: heard.messages, 20, "the first message")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
        heard.close()
    assert process.returncode == 130
    assert "stopped: " in out
    assert "messages acknowledged" in out
    assert "Traceback" not in err


def test_a_replay_outlives_an_outage_of_the_broker_and_counts_only_what_was_acknowledged(
    stack: LocalStack, environment: Settings, tmp_path: Path
) -> None:
    file = write_recording(tmp_path / "machine.csv", 600)
    command = (sys.executable, "-c", "from pipeline.cli.main import main; main()",
               "replay", str(file), "--device", "outage", "--speed", "6000")  # fmt: skip
    heard = Heard(environment, "insa/devices/outage/telemetry", session="outage-test")
    process = subprocess.Popen(command, cwd=HOME, stdout=subprocess.PIPE, text=True)
    try:
        wait_until_blocking(lambda: len(heard.messages) > 50, 20, "the replay to be under way")
        stack.stop("mosquitto")
        assert process.poll() is None
        stack.start("mosquitto")
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "600 of 600 messages acknowledged" in out
        wait_until_blocking(lambda: len(set(heard.messages)) == 600, 20, "every message to arrive")
    finally:
        process.kill()
        process.wait()
        heard.close()


def test_a_simulation_sends_what_it_should_and_the_same_for_the_same_seed(
    heard: Heard, capsys: pytest.CaptureFixture[str]
) -> None:
    out = run(capsys, "simulate", "--devices", "5", "--duration", "1m", "--speed", "max", "--seed", "3")
    assert "messages acknowledged" in out
    wait_until_blocking(lambda: len(heard.messages) > 200, 10, "the plant's messages")
    now = time.time_ns() // 1_000_000
    for topic, payload in heard.messages:
        device_id = topic.split("/")[2]
        assert device_id.startswith("sim-")
        ts = parse_telemetry(payload, device_id, now).measurements[0].ts
        assert ts is not None
        assert ts <= now


@pytest.mark.parametrize("order", [(("topics", "create"), ("migrate",)), (("migrate",), ("topics", "create"))])
def test_the_first_set_up_in_either_order_leaves_a_policy(
    environment: Settings, capsys: pytest.CaptureFixture[str], order: tuple[tuple[str, ...], ...]
) -> None:
    for command in (*order, *order):
        run(capsys, *command)
    assert asyncio.run(count(environment, "SELECT count(*) FROM registry WHERE kind = 'policy' AND version = 1")) == 1


def test_topics_are_listed_with_what_they_are_for(environment: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "topics", "create")
    listed = run(capsys, "topics")
    assert "iiot.events" in listed
    assert "the journal" in listed
    assert "missing" not in listed


def test_applying_rules_twice_changes_nothing(
    environment: Settings, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run(capsys, "topics", "create")
    run(capsys, "migrate")
    file = tmp_path / "rules.yaml"
    file.write_text(RULES, encoding="utf-8")
    first = run(capsys, "rules", "apply", str(file))
    assert "created    hot-machine  (version 1)" in first
    assert "created    warm-on-average  (version 1)" in first
    assert "iiot status" in first  # nothing projects here, and it says so
    again = run(capsys, "rules", "apply", str(file))
    assert "unchanged  hot-machine  (version 1)" in again
    file.write_text(RULES.replace("100", "110"), encoding="utf-8")
    changed = run(capsys, "rules", "apply", str(file))
    assert "changed    hot-machine  (version 2)" in changed
    assert "unchanged  warm-on-average  (version 1)" in changed
    assert "no rules yet" in run(capsys, "rules", "list")
    assert "removed    hot-machine  (version 3)" in run(capsys, "rules", "remove", "hot-machine")


def test_a_wrong_rule_keeps_the_right_ones_out_too(
    environment: Settings, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(RULES.replace("aggregate: avg", "aggregate: mean"), encoding="utf-8")
    with pytest.raises(SystemExit) as exit_info:
        main(["rules", "apply", str(file)])
    assert exit_info.value.code == 2
    err = capsys.readouterr().err
    assert 'rules.yaml, rule 2 of 2 ("Warm on average"): conditions.aggregate' in err
    assert "nothing was applied" in err


def test_the_demonstration_can_be_removed_again(environment: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "topics", "create")
    run(capsys, "migrate")
    assert "nothing to remove" in run(capsys, "demo", "remove")
    command = (sys.executable, "-c", "from pipeline.cli.main import main; main()", "demo", "run")
    heard = Heard(environment, "insa/devices/demo-pump-01/telemetry")
    process = subprocess.Popen(command, cwd=HOME, stdout=subprocess.PIPE, text=True)
    try:
        wait_until_blocking(lambda: heard.messages, 30, "the demonstration to send")
        process.terminate()
        out, _ = process.communicate(timeout=20)
    finally:
        process.kill()
        heard.close()
    assert process.returncode == 0
    assert "12 devices and rules defined" in out
    removed = run(capsys, "demo", "remove")
    assert removed.count("removed rule demo-") == 4
    assert removed.count("removed device demo-") == 8
    assert "nothing to remove" in run(capsys, "demo", "remove")


def test_tail_shows_telemetry_that_is_there_as_json(environment: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "topics", "create")

    async def append() -> None:
        producer = make_producer(environment)
        await producer.start()
        frame = Readings((Reading("tailed-1", 1_700_000_000_000, {"flow": 4.5}),))
        await JournalWriter(producer, 8).append_frame(partition_for("tailed-1", 8), frame)
        await producer.stop()

    asyncio.run(append())
    command = (sys.executable, "-c", "from pipeline.cli.main import main; main()",
               "tail", "telemetry", "--from-beginning", "--device", "tailed-1", "--json")  # fmt: skip
    process = subprocess.Popen(command, cwd=HOME, stdout=subprocess.PIPE, text=True, env=os.environ)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.communicate()
    assert json.loads(line) == {
        "device_id": "tailed-1", "timestamp": "2023-11-14T22:13:20Z", "values": {"flow": 4.5}
    }  # fmt: skip
