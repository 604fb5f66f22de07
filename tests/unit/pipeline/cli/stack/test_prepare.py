"""Initialising data: once, again when its stamp differs, and never half."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.cli.stack.plan import ConfigFile, Server, Step
from pipeline.cli.stack.prepare import prepare
from pipeline.errors import PlatformError


def server(directory: Path, step: Step) -> Server:
    config = ConfigFile(directory / "it.conf", "port 1\n")
    return Server("redis", directory, 1, ("true",), (config,), steps=(step,))


def counting(directory: Path, stamp: str | None) -> Step:
    """A step that adds a line to a file each time it runs."""
    marker = directory / "marker"
    script = f"echo ran >> '{directory}/runs'" + ("" if stamp else f"; touch '{marker}'")
    return Step(marker, ("sh", "-c", script), stamp=stamp)


def runs(directory: Path) -> int:
    return len((directory / "runs").read_text().splitlines())


def test_a_step_runs_once(tmp_path: Path) -> None:
    for _ in range(2):
        prepare(server(tmp_path, counting(tmp_path, None)))
    assert runs(tmp_path) == 1


def test_a_step_runs_again_when_its_stamp_is_another_and_also_when_it_is_the_first_again(
    tmp_path: Path,
) -> None:
    for stamp in ("a", "a", "b", "a"):
        prepare(server(tmp_path, counting(tmp_path, stamp)))
    assert runs(tmp_path) == 3


def test_files_and_folder_are_private(tmp_path: Path) -> None:
    directory = tmp_path / "redis"
    prepare(server(directory, counting(directory, "a")))
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((directory / "it.conf").stat().st_mode) == 0o600


def test_a_failing_step_raises_with_its_output_and_leaves_no_stamp(tmp_path: Path) -> None:
    failing = Step(tmp_path / "marker", ("sh", "-c", "echo no such thing >&2; exit 3"), stamp="a")
    with pytest.raises(PlatformError, match="no such thing"):
        prepare(server(tmp_path, failing))
    assert not (tmp_path / "marker").exists()
    prepare(server(tmp_path, replace(failing, tolerated="no such")))
    assert (tmp_path / "marker").exists()
