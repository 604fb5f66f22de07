"""Where this machine keeps the programs the servers are made of."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pipeline.cli.stack.plan import Tools
from pipeline.errors import PlatformError

SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/sbin"


def find_tools(home: Path) -> Tools:
    """Find every program; `home` is the checkout, whose Kafka jars are used.

    Raises PlatformError that names what is missing and how to get it.
    """
    jars = home / "infra" / "kafka" / "target" / "libs"
    if not any(jars.glob("kafka_*.jar")):
        raise PlatformError(f"Apache Kafka is not in {jars}: ./run or ./test fetches it")
    return Tools(
        mosquitto=_program("mosquitto", "mosquitto"),
        redis_server=_program("redis-server", "redis-server"),
        java=_program("java", "default-jre-headless"),
        postgres_bin=_postgres_bin(),
        kafka_jars=jars,
        kafka_log_config=home / "infra" / "kafka" / "log4j2.properties",
    )


def _program(name: str, package: str) -> str:
    """Find a program, also where only root's PATH leads."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:{SYSTEM_PATH}")
    if found is None:
        raise PlatformError(f"{name} is not installed: apt-get install {package}, or let ./run do it")
    return found


def _postgres_bin() -> Path:
    """Find the newest PostgreSQL; Debian keeps its server programs out of PATH, one folder per version."""
    versions = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if versions:
        return max(versions, key=lambda folder: int(folder.parent.name))
    return Path(_program("initdb", "postgresql")).parent
