"""Where data goes when the folder is closed to PostgreSQL's user."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.cli.stack import places


def test_data_stays_inside_for_whoever_starts_it_as_themselves(tmp_path: Path) -> None:
    assert places.place_postgres(tmp_path, None) == tmp_path / "postgres"


def test_a_folder_that_the_user_cannot_enter_gets_a_link_to_one_outside_and_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "OUTSIDE", tmp_path / "outside")
    monkeypatch.setattr(places, "can_reach", lambda user, directory: False)
    run = tmp_path / "run"
    run.mkdir()
    first = places.place_postgres(run, "postgres")
    assert first.parent == tmp_path / "outside"
    assert (run / "postgres").readlink() == first
    assert places.place_postgres(run, "postgres") == first
