from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.settings import Settings, load_settings

CANARY = "canary-value-that-must-not-show"
PROMISED = """
DB_HOST DB_PORT DB_NAME DB_USER DB_PASSWORD REDIS_HOST REDIS_PORT REDIS_DB REDIS_PASSWORD MQTT_BROKER_HOST
MQTT_BROKER_PORT MQTT_USERNAME MQTT_PASSWORD SMTP_HOST SMTP_PORT SMTP_USERNAME SMTP_PASSWORD SMTP_USE_TLS
SMTP_FROM_ADDRESS GRAFANA_API_KEY JWT_SECRET_KEY WEBHOOK_HMAC_SECRET LOG_LEVEL API_HOST API_PORT
KAFKA_BOOTSTRAP_SERVERS EVALUATION_INTERVAL
"""


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("IIOT_ENV_FILE", raising=False)


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "env"
    path.write_text("\n".join(lines))
    return path


def test_every_variable_that_was_promised_exists() -> None:
    assert {name.lower() for name in PROMISED.split()} <= set(Settings.model_fields)


def test_the_environment_stands_above_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "DB_HOST=from-file", "DB_NAME=from-file")
    monkeypatch.setenv("DB_HOST", "from-environment")
    settings = load_settings(path)
    assert (settings.db_host, settings.db_name) == ("from-environment", "from-file")


def test_an_empty_value_means_the_default(tmp_path: Path) -> None:
    assert load_settings(written(tmp_path, "API_PORT=", "MQTT_USERNAME=")).api_port == 5002


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DB_PORT", CANARY),
        ("API_PORT", "70000"),
        ("LOG_LEVEL", CANARY),
        ("EVALUATION_INTERVAL", "0"),
        ("EVALUATION_INTERVAL", "nan"),
        ("KAFKA_PARTITIONS", "0"),
        ("SMTP_USE_TLS", CANARY),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_variable_and_not_the_value(
    tmp_path: Path, variable: str, value: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(written(tmp_path, f"{variable}={value}"))
    text = str(caught.value)
    assert text.startswith(f"{variable}: ")
    assert "\n" not in text
    assert CANARY not in text


def test_secrets_show_nowhere(tmp_path: Path) -> None:
    secrets = [name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)]
    assert len(secrets) >= 6
    settings = load_settings(written(tmp_path, *(f"{name.upper()}={CANARY}" for name in secrets)))
    assert all(getattr(settings, name).get_secret_value() == CANARY for name in secrets)
    for shown in (repr(settings), str(settings), f"{settings.model_dump()}", settings.model_dump_json()):
        assert CANARY not in shown


def test_there_are_no_default_secrets() -> None:
    settings = Settings(_env_file=None)
    for name, field in Settings.model_fields.items():
        if "SecretStr" in str(field.annotation):
            assert getattr(settings, name).get_secret_value() == ""


def test_the_api_listens_on_loopback_unless_told_otherwise() -> None:
    assert Settings(_env_file=None).api_host == "127.0.0.1"
