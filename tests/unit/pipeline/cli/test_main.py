"""What a person meets first: help, and errors in one line."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.cli.main import main

HOME = Path(__file__).resolve().parents[4]
PORTS = ("MQTT_BROKER_PORT", "DB_PORT", "REDIS_PORT", "API_PORT",
         "BRIDGE_METRICS_PORT", "DETECT_METRICS_PORT", "PROJECT_METRICS_PORT")  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    for name in PORTS:
        monkeypatch.setenv(name, "1")
    for name in ("DB_HOST", "REDIS_HOST", "MQTT_BROKER_HOST"):
        monkeypatch.setenv(name, "127.0.0.1")
    monkeypatch.setenv("IIOT_ENV_FILE", str(tmp_path / "none"))


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as exit_info:
        main(arguments)
    out, err = capsys.readouterr()
    return int(exit_info.value.code or 0), out, err


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--help")
    assert code == 0
    for command in (
        "status", "doctor", "tail", "alerts", "explain", "report", "rules", "backtest",
        "replay", "simulate", "demo", "migrate", "topics", "journal",
        "bridge", "detect", "project", "api",
    ):  # fmt: skip
        assert f"  {command} " in out


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from pipeline.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'aiokafka', 'asyncpg', 'pydantic', 'rich', 'redis', 'faust', 'paho', 'aiohttp', 'orjson'}\n"
        "sys.exit(repr(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    began = time.monotonic()
    done = subprocess.run((sys.executable, "-c", code), cwd=HOME, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("arguments", "server", "address"),
    [
        (("topics",), "Kafka", "127.0.0.1:1"),
        (("topics", "create"), "Kafka", "127.0.0.1:1"),
        (("migrate",), "PostgreSQL", "127.0.0.1:1"),
        (("rules", "list"), "PostgreSQL", "127.0.0.1:1"),
        (("rules", "remove", "x"), "Kafka", "127.0.0.1:1"),
        (("tail", "alerts"), "Kafka", "127.0.0.1:1"),
        (("alerts", "list"), "PostgreSQL", "127.0.0.1:1"),
        (("alerts", "ack", "5f0c"), "PostgreSQL", "127.0.0.1:1"),
        (("explain", "5f0c"), "PostgreSQL", "127.0.0.1:1"),
        (("report", "alarms"), "PostgreSQL", "127.0.0.1:1"),
        (("backtest", str(HOME / "docs" / "examples" / "hot.json"), "--from", "1h"), "Kafka", "127.0.0.1:1"),
        (("simulate", "--duration", "1s"), "the MQTT broker", "127.0.0.1:1"),
        (("demo", "run"), "Kafka", "127.0.0.1:1"),
        (("demo", "remove"), "Kafka", "127.0.0.1:1"),
        (("journal", "adopt", "--yes"), "Kafka", "127.0.0.1:1"),
    ],
)
def test_a_server_that_is_away_is_named_with_its_address_and_what_to_do(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], server: str, address: str
) -> None:
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert err.startswith(f"iiot: cannot reach {server} at {address}")
    assert "iiot doctor" in err
    assert err.count("\n") == 1


def test_status_says_in_words_what_is_down(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "status")
    assert code == 1
    text = " ".join(out.split())
    assert "the MQTT broker at 127.0.0.1:1 does not answer" in text
    assert "Kafka at 127.0.0.1:1 does not answer" in text
    assert "PostgreSQL at 127.0.0.1:1 does not answer" in text
    assert "./run logs bridge" in text


def test_a_wrong_setting_is_one_line_that_names_the_variable(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_PORT", "many")
    assert run(capsys, "topics") == (
        2,
        "",
        "iiot: API_PORT: Input should be a valid integer, unable to parse string as an integer\n",
    )
    code, _, err = run(capsys, "api")
    assert code == 78
    assert err.startswith("iiot: API_PORT: ")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("simulate", "--speed", "10"), "--speed above 1 needs --duration"),
        (("simulate", "--interval", "soon"), "--interval: use a number with"),
        (("simulate", "--prefix", "a/b"), "--prefix: use 1 to 64 letters"),
        (("replay", "x.csv", "--device", "a b"), "--device: use 1 to 64 letters"),
        (("replay", "x.csv", "--device", "a", "--speed", "fast"), "--speed: use a number above 0"),
        (("replay", "x.csv", "--device", "a", "--timezone", "Mars"), "--timezone: there is no zone"),
        (("replay", "x.csv", "--device", "a", "--delimiter", "::"), "--delimiter: use one character"),
        (("replay", "x.csv", "--device", "a"), "cannot read x.csv: No such file"),
        (("rules", "apply", "x.yaml"), "cannot read x.yaml: No such file"),
        (("rules", "test", "x.yaml"), "cannot read x.yaml: No such file"),
        (("backtest", "x.yaml", "--from", "1h"), "cannot read x.yaml: No such file"),
        (("backtest", "x.yaml", "--from", "soon"), "--from: use a time such as"),
        (("backtest", "x.yaml", "--from", "1h", "--to", "2h"), "--from: "),
        (("rules", "diff", "x.yaml", "y.yaml", "--from", "1h"), "cannot read x.yaml: No such file"),
        (("alerts", "note", "5f0c", " "), "TEXT: the note is empty"),
    ],
)
def test_a_wrong_argument_is_one_line_that_names_it(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert err.startswith(f"iiot: {says}")
