"""Grouping into Kafka records: nothing missing, in order, within the bounds."""

from __future__ import annotations

import itertools
from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from bridge.frames import MAX_ENTRIES, Append, group
from bridge.mapping import Outcome
from pipeline.codec import MAX_BODY_BYTES, decode
from pipeline.events import CommandAnswered, Reading, Readings, StatusReported
from pipeline.partitioning import partition_for
from pipeline.quarantine import MqttSource, Quarantined, decode_quarantined
from pipeline.topics import EVENTS, QUARANTINE

PARTITIONS = 4
devices = st.sampled_from([f"d{n}" for n in range(8)])
outcomes = st.lists(
    st.one_of(
        st.builds(Reading, devices, st.integers(0, 10**12), st.dictionaries(st.sampled_from("xy"), st.integers(0, 9))),
        st.builds(StatusReported, devices, st.integers(0, 10**12), st.sampled_from(["on", "off"])),
        st.builds(CommandAnswered, devices, st.integers(0, 10**12), st.just("c"), st.just({"command_id": "c"})),
        st.builds(
            Quarantined,
            st.just("r"),
            st.just("m"),
            st.just("bridge"),
            st.builds(MqttSource, st.binary(max_size=4)),
            st.integers(0, 10**12),
            st.binary(max_size=4),
            st.none() | devices,
        ),
    ),
    max_size=60,
)


def _taken_apart(appends: list[Append]) -> dict[int, list[Outcome]]:
    """The outcomes of the journal's records per partition, in order."""
    found: dict[int, list[Outcome]] = defaultdict(list)
    for append in appends:
        if append.topic == EVENTS.name:
            assert append.partition is not None
            event = decode(append.encoded.headers, append.encoded.body)
            if isinstance(event, Readings):
                assert append.key is None
                found[append.partition] += event.entries
            else:
                assert isinstance(event, StatusReported | CommandAnswered)
                assert append.key == event.device_id.encode()
                found[append.partition].append(event)
    return found


@given(outcomes)
def test_each_partition_gets_its_outcomes_in_their_order(given_outcomes: list[Outcome]) -> None:
    expected: dict[int, list[Outcome]] = defaultdict(list)
    for outcome in given_outcomes:
        if not isinstance(outcome, Quarantined):
            expected[partition_for(outcome.device_id, PARTITIONS)].append(outcome)
    assert _taken_apart(group(given_outcomes, PARTITIONS)) == expected


@given(outcomes)
def test_all_that_was_not_understood_goes_into_quarantine(given_outcomes: list[Outcome]) -> None:
    found = [
        decode_quarantined(append.key, append.encoded.headers, append.encoded.body)
        for append in group(given_outcomes, PARTITIONS)
        if append.topic == QUARANTINE.name
    ]
    assert found == [outcome for outcome in given_outcomes if isinstance(outcome, Quarantined)]


def test_readings_that_come_together_share_a_frame() -> None:
    assert len(group([Reading("d1", n, {"a": n}) for n in range(MAX_ENTRIES)], 1)) == 1


def test_a_frame_holds_at_most_a_thousand_readings() -> None:
    appends = group([Reading("d1", n, {"a": n}) for n in range(MAX_ENTRIES + 1)], 1)
    assert [len(_taken_apart([append])[0]) for append in appends] == [MAX_ENTRIES, 1]


@given(st.lists(st.integers(1, 200_000), max_size=12))
def test_a_frame_is_never_larger_than_a_record_may_be(sizes: list[int]) -> None:
    readings = [Reading("d1", n, {"a": "x" * size}) for n, size in enumerate(sizes)]
    appends = group(readings, 1)
    assert all(len(append.encoded.body) <= MAX_BODY_BYTES for append in appends)
    assert _taken_apart(appends) == ({0: readings} if readings else {})
    for append, following in itertools.pairwise(appends):
        first = _taken_apart([following])[0][0]
        assert isinstance(first, Reading)
        size = len(str(first.values["a"]))
        assert len(append.encoded.body) + size > MAX_BODY_BYTES - 100, "a frame was closed early"
