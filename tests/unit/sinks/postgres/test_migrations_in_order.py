"""Which migrations run, and which are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from sinks.postgres.migrate import DIRECTORY, Migration, MigrationRefused, missing, read_migrations


def test_the_projects_own_files_are_in_order() -> None:
    numbers = [migration.number for migration in read_migrations(DIRECTORY)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert numbers


@pytest.mark.parametrize("name", ["1_short.sql", "0001-dash.sql", "0001_Upper.sql"])
def test_a_wrong_name_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("")
    with pytest.raises(MigrationRefused, match="name it like"):
        read_migrations(tmp_path)


def test_a_gap_and_a_repeat_are_refused(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text("")
    (tmp_path / "0003_c.sql").write_text("")
    with pytest.raises(MigrationRefused, match="the next number is 0002"):
        read_migrations(tmp_path)
    (tmp_path / "0001_b.sql").write_text("")
    with pytest.raises(MigrationRefused, match=r"0001_b\.sql"):
        read_migrations(tmp_path)


def test_only_what_did_not_run_is_missing() -> None:
    first, second = Migration(1, "0001_a.sql", "A"), Migration(2, "0002_b.sql", "B")
    assert missing([first, second], {1: (first.name, first.digest)}) == [second]


def test_a_database_of_a_newer_release_is_refused() -> None:
    first = Migration(1, "0001_a.sql", "A")
    with pytest.raises(MigrationRefused, match=r"0002_new\.sql, which is not here"):
        missing([first], {1: (first.name, first.digest), 2: ("0002_new.sql", "?")})
