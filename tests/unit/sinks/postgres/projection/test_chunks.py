"""How records are cut into transactions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sinks.postgres.projection.projection import chunks
from tests.support.records import raw_record


@given(st.lists(st.sampled_from([0, 1, 100_000, 300_000, 600_000]), max_size=12))
def test_chunks_are_all_records_in_order_and_small_unless_one_is_large(sizes: list[int]) -> None:
    records = [raw_record("t", place, (), b"x" * size) for place, size in enumerate(sizes)]
    pieces = list(chunks(records))
    assert [record for piece in pieces for record in piece] == records
    assert all(len(piece) == 1 or sum(len(each.value or b"") for each in piece) <= 512 * 1024 for piece in pieces)
