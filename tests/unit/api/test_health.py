"""One word for how things are."""

from __future__ import annotations

import pytest

from api.health import Report, health_document, judge

ALL_WELL = {"database": None, "kafka": None, "redis": None, "mqtt": None}


def test_all_well_is_healthy_in_the_documented_form() -> None:
    document = health_document(Report(ALL_WELL), 1_761_592_497_642)
    assert document == {
        "status": "healthy",
        "version": "2.0",
        "timestamp": "2025-10-27T19:14:57.642Z",
        "database": "ok",
        "kafka": "ok",
        "redis": "ok",
        "mqtt": "ok",
        "details": {},
    }


@pytest.mark.parametrize(
    ("broken", "status"),
    [("database", "unhealthy"), ("kafka", "unhealthy"), ("redis", "degraded"), ("mqtt", "degraded")],
)
def test_what_is_broken_decides_how_bad_it_is(broken: str, status: str) -> None:
    document = health_document(Report({**ALL_WELL, broken: "does not answer"}), 0)
    assert document["status"] == status
    assert document[broken] == "unavailable"
    assert document["details"] == {broken: "does not answer"}


def test_what_nobody_has_looked_at_is_not_called_healthy() -> None:
    assert judge(Report()) == "unhealthy"
    assert judge(Report(ALL_WELL, age_seconds=60)) == "unhealthy"
    assert health_document(Report(), 0)["database"] == "unavailable"
