"""The example, the settings and their page say the same; the first .env is private and has secrets."""

from __future__ import annotations

import re
import stat
from itertools import count, pairwise
from pathlib import Path

import pytest

from pipeline.cli.stack.env_file import SECRETS, fill_secrets, make_env_file
from pipeline.settings import Settings, load_settings

HOME = Path(__file__).resolve().parents[5]
EXAMPLE = HOME / ".env.example"
VARIABLES = {name.upper() for name in Settings.model_fields}


def test_the_example_holds_every_setting_once_each_below_a_comment() -> None:
    lines = EXAMPLE.read_text().splitlines()
    names = [line.partition("=")[0] for line in lines if "=" in line and not line.startswith("#")]
    assert sorted(names) == sorted(VARIABLES)
    for above, line in pairwise(lines):
        if line.partition("=")[0] in VARIABLES and not line.startswith("#"):
            assert above.startswith("# "), f"{line} has no comment above it"


def test_the_example_gives_every_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert load_settings(EXAMPLE) == Settings(_env_file=None)


def test_the_page_on_settings_lists_every_setting() -> None:
    listed = set(re.findall(r"^\| `([A-Z_]+)` \|", (HOME / "docs" / "settings.md").read_text(), re.MULTILINE))
    assert listed == VARIABLES


def test_each_secret_gets_a_value_of_its_own_and_nothing_else_changes() -> None:
    example = EXAMPLE.read_text()
    numbers = count()
    filled = fill_secrets(example, lambda: f"secret-{next(numbers)}")
    changed = {line for line, old in zip(filled.split("\n"), example.split("\n"), strict=True) if line != old}
    assert len(changed) == len(SECRETS)
    assert {line.partition("=")[0] for line in changed} == set(SECRETS)


def test_the_file_is_private_and_never_overwritten(tmp_path: Path) -> None:
    target = tmp_path / ".env"
    assert make_env_file(EXAMPLE, target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    text = target.read_text()
    assert not make_env_file(EXAMPLE, target)
    assert target.read_text() == text
    made = load_settings(target)
    assert len(made.jwt_secret_key.get_secret_value()) >= 32
    assert made.jwt_secret_key != made.webhook_hmac_secret
