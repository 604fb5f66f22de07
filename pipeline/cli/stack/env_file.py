"""The first .env: the example, with secrets of its own."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

SECRETS = ("DB_PASSWORD", "REDIS_PASSWORD", "JWT_SECRET_KEY", "WEBHOOK_HMAC_SECRET")


def fill_secrets(example: str, make_secret: Callable[[], str]) -> str:
    """Return the example with a secret after each `NAME=` of SECRETS; all other lines stay as they are."""
    names = {f"{name}=" for name in SECRETS}
    lines = [line + make_secret() if line in names else line for line in example.split("\n")]
    return "\n".join(lines)


def make_env_file(example: Path, target: Path) -> bool:
    """Write `target` with mode 0600 unless it exists; tell whether it was written."""
    text = fill_secrets(example.read_text(encoding="utf-8"), lambda: secrets.token_urlsafe(32))
    try:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    return True
