"""The environment, read once at the start of a process and passed on from there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipeline.errors import SettingsError

ENV_FILE_VARIABLE = "IIOT_ENV_FILE"


class Settings(BaseSettings):
    """Every setting of the platform; the variable is the field's name in capitals."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True, hide_input_in_errors=True)

    db_host: str = Field("localhost", description="PostgreSQL: host")
    db_port: int = Field(5432, ge=1, le=65535, description="PostgreSQL: port")
    db_name: str = Field("insa_iiot", description="PostgreSQL: database")
    db_user: str = Field("iiot_user", description="PostgreSQL: user")
    db_password: SecretStr = Field(SecretStr(""), description="PostgreSQL: password; no default")

    redis_host: str = Field("localhost", description="Redis: host")
    redis_port: int = Field(6379, ge=1, le=65535, description="Redis: port")
    redis_db: int = Field(0, ge=0, description="Redis: database number")
    redis_password: SecretStr = Field(SecretStr(""), description="Redis: password; empty means none")

    mqtt_broker_host: str = Field("localhost", description="MQTT broker: host")
    mqtt_broker_port: int = Field(1883, ge=1, le=65535, description="MQTT broker: port")
    mqtt_username: str = Field("", description="MQTT broker: the bridge's user; empty means anonymous")
    mqtt_password: SecretStr = Field(SecretStr(""), description="MQTT broker: the bridge's password")

    mqtt_queue_bytes: int = Field(
        512 * 2**20,
        ge=1,
        description="MQTT broker: what it may queue for one client (max_queued_bytes);"
        " the bridge raises an alarm at half",
    )

    kafka_bootstrap_servers: str = Field("localhost:9092", description="Kafka: host:port, comma-separated")
    kafka_partitions: int = Field(
        8, ge=1, le=1024, description="Partitions of the journal; used only when it is first created"
    )
    kafka_journal_bytes: int = Field(
        0,
        ge=0,
        description="Most bytes the journal may take, besides its 7 days; used only when it is first created."
        " 0: a quarter of what is free on this machine's disk if Kafka runs here, else no limit",
    )
    kafka_replication_factor: int = Field(
        1, ge=1, le=16, description="Copies of each topic; used only when a topic is created"
    )

    smtp_host: str = Field("localhost", description="Mail server: host")
    smtp_port: int = Field(25, ge=1, le=65535, description="Mail server: port")
    smtp_username: str = Field("", description="Mail server: user; empty means no authentication")
    smtp_password: SecretStr = Field(SecretStr(""), description="Mail server: password")
    smtp_use_tls: bool = Field(False, description="Mail server: whether to use TLS")
    smtp_from_address: str = Field("noreply@insaiot.com", description="Sender address of e-mails")

    grafana_api_key: SecretStr = Field(SecretStr(""), description="Grafana: key for pushing dashboards")
    jwt_secret_key: SecretStr = Field(SecretStr(""), description="Key that signs access tokens; no default")
    webhook_hmac_secret: SecretStr = Field(SecretStr(""), description="Key that signs webhooks; no default")

    api_host: str = Field("127.0.0.1", description="API: address to listen on; loopback unless set")
    api_port: int = Field(5002, ge=0, le=65535, description="API: port")
    bridge_metrics_port: int = Field(5011, ge=0, le=65535, description="Bridge: loopback port of /metrics")
    detect_metrics_port: int = Field(5012, ge=0, le=65535, description="Detect: loopback port of /metrics")
    project_metrics_port: int = Field(5013, ge=0, le=65535, description="Project: loopback port of /metrics")

    evaluation_interval: float = Field(
        1.0, ge=0.05, le=60, description="Seconds between ticks, by which absence and durations pass"
    )
    auto_register: bool = Field(True, description="First policy: whether unknown devices register themselves")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Lowest level logged")
    data_dir: Path = Field(Path(".run"), description="Where a process keeps files that can be made anew")

    local_servers: str = Field(
        "mosquitto,kafka,postgres,redis",
        pattern=r"^(none|(mosquitto|kafka|postgres|redis)(,(mosquitto|kafka|postgres|redis))*)$",
        description="Servers that ./run starts here, if their host is this machine; 'none' for none",
    )
    demo: bool = Field(True, description="Whether ./run also simulates a small plant")


def env_file_path() -> Path:
    """Return the .env file that counts: what IIOT_ENV_FILE names, else `.env` in the working directory."""
    return Path(os.environ.get(ENV_FILE_VARIABLE, ".env"))


def load_settings(env_file: Path | None = None) -> Settings:
    """Read the environment and, below it, a .env file.

    The file is `env_file`, else that of env_file_path().
    Raises SettingsError with one line that names the variable; values never appear in it.
    """
    chosen = env_file or env_file_path()
    try:
        return Settings(_env_file=chosen)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        variable = "_".join(str(part) for part in first["loc"]).upper()
        raise SettingsError(f"{variable}: {first['msg']}") from None
