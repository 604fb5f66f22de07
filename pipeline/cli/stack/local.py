"""Which servers are ours to start, and the plan that follows from the settings."""

from __future__ import annotations

from pathlib import Path

from pipeline.cli.stack.plan import LOOPBACK, SERVER_NAMES, ServerName, StackPlan
from pipeline.settings import Settings

Address = tuple[str, int]


def addresses(settings: Settings) -> dict[ServerName, Address]:
    """Return where each server is; of several Kafka nodes, the first."""
    host, _, port = settings.kafka_bootstrap_servers.split(",")[0].strip().rpartition(":")
    return {
        "mosquitto": (settings.mqtt_broker_host, settings.mqtt_broker_port),
        "kafka": (host or "localhost", int(port) if port.isdigit() else 9092),
        "postgres": (settings.db_host, settings.db_port),
        "redis": (settings.redis_host, settings.redis_port),
    }


def is_loopback(host: str) -> bool:
    """Tell whether a host names the address the local servers listen on."""
    return host in ("localhost", LOOPBACK)


def local_servers(settings: Settings) -> tuple[ServerName, ...]:
    """Return the servers to start: those that LOCAL_SERVERS names and whose host is this machine."""
    wanted = settings.local_servers.split(",")
    where = addresses(settings)
    return tuple(name for name in SERVER_NAMES if name in wanted and is_loopback(where[name][0]))


def plan_for(settings: Settings, directory: Path, postgres_directory: Path, postgres_user: str | None) -> StackPlan:
    """Return the plan that serves these settings. Kafka's controller takes the port after the broker's."""
    where = addresses(settings)
    kafka_port = where["kafka"][1]
    return StackPlan(
        directory=directory,
        postgres_directory=postgres_directory,
        postgres_user=postgres_user,
        mqtt_port=where["mosquitto"][1],
        kafka_port=kafka_port,
        kafka_controller_port=kafka_port + 1,
        postgres_port=where["postgres"][1],
        redis_port=where["redis"][1],
        db_name=settings.db_name,
        db_user=settings.db_user,
        db_password=settings.db_password.get_secret_value(),
        redis_password=settings.redis_password.get_secret_value(),
    )


def ports_needed(settings: Settings) -> dict[int, str]:
    """Return every port this machine must have free before the start, and the variable that sets it."""
    variables: dict[ServerName, str] = {
        "mosquitto": "MQTT_BROKER_PORT",
        "kafka": "KAFKA_BOOTSTRAP_SERVERS",
        "postgres": "DB_PORT",
        "redis": "REDIS_PORT",
    }
    where = addresses(settings)
    needed = {where[name][1]: variables[name] for name in local_servers(settings)}
    if "kafka" in local_servers(settings):
        needed[where["kafka"][1] + 1] = "the controller's: one after KAFKA_BOOTSTRAP_SERVERS"
    needed[settings.api_port] = "API_PORT"
    needed[settings.bridge_metrics_port] = "BRIDGE_METRICS_PORT"
    needed[settings.detect_metrics_port] = "DETECT_METRICS_PORT"
    needed[settings.project_metrics_port] = "PROJECT_METRICS_PORT"
    needed.pop(0, None)
    return needed
