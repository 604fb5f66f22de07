"""The .env file and the secrets in it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from pipeline.cli.checks.finding import Finding
from pipeline.settings import Settings

SHORTEST_KEY = 32


async def check_env_file(settings: Settings, env_file: Path) -> list[Finding]:
    """The file holds secrets: nobody else may read it. Without one the environment must say it all."""
    try:
        status = await asyncio.to_thread(env_file.stat)
    except OSError:
        return [Finding(".env", f"{env_file} cannot be read; only the environment counts")]
    mode = status.st_mode & 0o777
    if mode & 0o077:
        return [Finding(".env", f"{env_file} has mode {mode:o}: others can read it", f"chmod 600 {env_file}")]
    return [Finding(".env", f"{env_file}, mode {mode:o}")]


async def check_secrets(settings: Settings, env_file: Path) -> list[Finding]:
    """Keys that sign must be there and long; the database must have a password."""
    keys = {
        "JWT_SECRET_KEY": settings.jwt_secret_key.get_secret_value(),
        "WEBHOOK_HMAC_SECRET": settings.webhook_hmac_secret.get_secret_value(),
    }
    findings = [
        Finding(name, "not set" if not value else f"only {len(value)} characters", how_to_set(name))
        for name, value in keys.items()
        if len(value) < SHORTEST_KEY
    ]
    if not settings.db_password.get_secret_value():
        findings.append(Finding("DB_PASSWORD", "not set", how_to_set("DB_PASSWORD")))
    return findings or [Finding("secrets", "all set and long enough")]


def how_to_set(name: str) -> str:
    """Return a line to paste that appends a random value."""
    return f"""echo "{name}=$(head -c 32 /dev/urandom | base64 | tr -d '+/=')" >> .env"""
