from __future__ import annotations

import pytest

from pipeline.events import Scalar
from pipeline.rules.wording import spoken, spoken_duration


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (104.2, "°C", "104.2 °C"),
        (100.0, None, "100"),
        (100, "", "100"),
        (0.1 + 0.2, None, "0.3"),
        (1_000_000_000.25, None, "1000000000"),
        (True, None, "true"),
        (False, "V", "false V"),
        ("open", None, '"open"'),
        ("x" * 65, None, '"' + "x" * 64 + '…"'),
    ],
)
def test_values_read_as_people_write_them(value: Scalar, unit: str | None, said: str) -> None:
    assert spoken(value, unit) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (1, "1 s"),
        (60, "60 s"),
        (90, "90 s"),
        (120, "2 min"),
        (3_600, "60 min"),
        (7_200, "2 h"),
        (172_800, "2 d"),
        (86_400, "24 h"),
    ],
)
def test_durations_use_the_largest_unit_that_fits(seconds: int, said: str) -> None:
    assert spoken_duration(seconds) == said
