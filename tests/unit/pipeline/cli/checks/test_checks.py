"""What the doctor says about the machine and the settings, without any server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import SecretStr

from pipeline.cli.checks.finding import Finding
from pipeline.cli.checks.machine import available_bytes
from pipeline.cli.checks.secrets import check_env_file, check_secrets
from pipeline.settings import Settings


def settings(**changed: Any) -> Settings:
    return Settings(_env_file=None, **changed)


async def test_a_readable_env_file_is_wrong_and_the_remedy_can_be_pasted(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.touch()
    env_file.chmod(0o644)
    [finding] = await check_env_file(settings(), env_file)
    assert not finding.is_good
    assert finding.remedy == f"chmod 600 {env_file}"
    env_file.chmod(0o600)
    [finding] = await check_env_file(settings(), env_file)
    assert finding.is_good


async def test_missing_and_short_keys_are_named_without_their_value() -> None:
    chosen = settings(jwt_secret_key=SecretStr("short"), db_password=SecretStr(""))
    findings = await check_secrets(chosen, Path(".env"))
    assert [finding.subject for finding in findings] == [
        "JWT_SECRET_KEY",
        "WEBHOOK_HMAC_SECRET",
        "DB_PASSWORD",
    ]
    assert not any("short" in finding.observation for finding in findings)


async def test_long_secrets_are_good() -> None:
    chosen = settings(
        jwt_secret_key=SecretStr("j" * 32),
        webhook_hmac_secret=SecretStr("w" * 32),
        db_password=SecretStr("d"),
    )
    assert await check_secrets(chosen, Path(".env")) == [Finding("secrets", "all set and long enough")]


def test_available_memory_is_read_in_bytes() -> None:
    assert available_bytes("MemTotal:  8 kB\nMemAvailable:   2048 kB\n") == 2048 * 1024
    assert available_bytes("") == 0
