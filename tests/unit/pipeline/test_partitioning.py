from __future__ import annotations

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from pipeline.partitioning import murmur2, partition_for

identifiers = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)


@pytest.mark.parametrize(
    ("data", "signed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_hashes_are_those_that_kafka_tests_its_own_client_with(data: bytes, signed: int) -> None:
    assert murmur2(data) == signed % 2**32


@given(identifiers, st.integers(min_value=1, max_value=64))
def test_any_other_producer_agrees_on_the_partition(device_id: str, partitions: int) -> None:
    everything = list(range(partitions))
    assert partition_for(device_id, partitions) == DefaultPartitioner()(device_id.encode(), everything, everything)
