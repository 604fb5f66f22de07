"""Which months of telemetry should have a partition."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sinks.postgres.months import RETENTION_DAYS, following, months, name_of

moments = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds the zone


def test_of_a_day_in_november() -> None:
    names = [name_of(month) for month in months(datetime(2026, 11, 24, 8, tzinfo=UTC))]
    assert (names[0], names[-1], len(names)) == ("telemetry_y2025m10", "telemetry_y2027m01", 16)


@given(moments)
def test_months_cover_the_retention_and_the_next_month_without_a_gap(now: datetime) -> None:
    wanted = list(months(now))
    assert wanted[0] <= now - timedelta(days=RETENTION_DAYS)
    assert following(wanted[-1]) >= now + timedelta(days=58)
    assert all(following(one) == other for one, other in itertools.pairwise(wanted))
    assert all(month.day == 1 and month.hour == 0 for month in wanted)
