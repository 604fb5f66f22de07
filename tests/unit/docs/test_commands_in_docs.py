"""What the pages tell people to type exists."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from pipeline.cli.csv_rows import Choices, find_layout
from pipeline.cli.main import app
from pipeline.cli.rule_files import find_repeats, read_rule_file

HOME = Path(__file__).resolve().parents[3]
PAGES = sorted([*HOME.glob("*.md"), *(HOME / "docs").rglob("*.md")])
EXAMPLES = HOME / "docs" / "examples"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
MENTION = re.compile(r"`(?:\./)?iiot ([^`]*)`")
POINTER = re.compile(r"\biiot (?!-)([a-z]+)\b")
FOLDERS = ("pipeline", "agents", "bridge", "sinks", "api")


def commands_of(page: Path) -> list[str]:
    """What follows `./iiot` in a page's shell blocks and in its running text."""
    text = page.read_text(encoding="utf-8")
    lines = [line for block in BLOCK.findall(text) for line in block.splitlines()]
    typed = [line.removeprefix("./iiot ") for line in lines if line.startswith("./iiot ")]
    return typed + MENTION.findall(text)


GIVEN = [(page.relative_to(HOME), command) for page in PAGES for command in commands_of(page)]


def parse(command: str) -> None:
    """Let the command line read a command without running it; raises its usage errors."""
    arguments = shlex.split(command, comments=True)
    found: Any = typer.main.get_command(app)
    path = []
    while arguments and arguments[0] in getattr(found, "commands", {}):
        path.append(arguments.pop(0))
        found = found.commands[path[-1]]
    if not path:
        assert arguments == ["--help"], f"there is no command {command!r}"
        return
    if hasattr(found, "commands"):
        assert not arguments, f"there is no command {command!r}"
        return
    if not arguments and any(each.required for each in found.params):
        return  # a mention of the command, not something to type
    found.make_context(" ".join(path), arguments)


@pytest.mark.parametrize(("page", "command"), GIVEN)
def test_each_command_and_option_in_the_pages_exists(page: Path, command: str) -> None:
    parse(command)


def test_the_pages_hold_commands_at_all() -> None:
    assert len(GIVEN) > 15


@pytest.mark.parametrize("wrong", ["replya x.csv", "replay x.csv --device a --sped 3", "rules aply x"])
def test_a_wrong_command_is_found(wrong: str) -> None:
    with pytest.raises(Exception, match=r"(?i)no such|there is no|unexpected"):
        parse(wrong)


def test_every_file_and_page_that_is_named_exists() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for name in re.findall(r"\b(docs/[\w./-]+\.\w+)", text):
            assert (HOME / name).is_file(), f"{page.name} names {name}"
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_command_that_a_message_points_to_exists() -> None:
    known = set(getattr(typer.main.get_command(app), "commands", {}))
    for folder in FOLDERS:
        for source in (HOME / folder).rglob("*.py"):
            for name in POINTER.findall(source.read_text(encoding="utf-8")):
                assert name in known, f"{source.relative_to(HOME)} points to: iiot {name}"


def test_the_example_rules_are_valid() -> None:
    for file in EXAMPLES.glob("*.yaml"):
        found, problems = read_rule_file(file.name, file.read_text(encoding="utf-8"))
        assert problems == []
        assert find_repeats(found) == []
        assert {each.rule.rule_type for each in found} == {"threshold", "statistical", "comparison"}


def test_the_example_recording_needs_no_options() -> None:
    with (EXAMPLES / "press.csv").open(encoding="utf-8") as lines:
        layout = find_layout(next(lines), Choices())
    assert [key for _, key in layout.keys] == ["temperature", "oil_temperature", "vibration", "state"]
