"""Quarantine records into rows, without a server."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.codec import Headers
from pipeline.quarantine import KafkaSource, MqttSource, Quarantined
from pipeline.topics import QUARANTINE
from sinks.postgres.projection.quarantined import decide_quarantine, identity_of
from tests.support.records import NOW, raw_record


def test_a_record_is_known_by_its_coordinates_and_place() -> None:
    one = Quarantined("r", "m", "detect", KafkaSource("t", 1, 2), NOW, b"x", index=3)
    other = Quarantined("other", "m", "project", KafkaSource("t", 1, 2), NOW + 1, b"y", index=3)
    assert identity_of(one) == identity_of(other) == "kafka:t/1/2#3"


def test_a_message_is_known_by_receipt_topic_and_bytes() -> None:
    one = Quarantined("r", "m", "bridge", MqttSource(b"t"), NOW, b"x")
    assert identity_of(one) == identity_of(Quarantined("r", "m", "bridge", MqttSource(b"t"), NOW, b"x"))
    assert identity_of(one) != identity_of(Quarantined("r", "m", "bridge", MqttSource(b"t"), NOW + 1, b"x"))
    assert identity_of(one) != identity_of(Quarantined("r", "m", "bridge", MqttSource(b"u"), NOW, b"x"))


names = st.sampled_from(["v", "reason", "message", "by", "source", "received_at", "index"])
values = st.one_of(
    st.binary(max_size=20), st.sampled_from([b"1", b"mqtt:t", b"kafka:t/1/2", b"2026-01-01T00:00:00Z", b"9" * 30])
)


@given(st.lists(st.tuples(names, values)), st.one_of(st.none(), st.binary(max_size=9)))
def test_anything_becomes_a_row_that_can_be_stored(headers: list[tuple[str, bytes]], body: bytes | None) -> None:
    given_headers: Headers = tuple((name, value) for name, value in headers if not (name == "v" and value != b"1"))
    (row,) = decide_quarantine([raw_record(QUARANTINE.name, 5, given_headers, body)])
    for text in (row.identity, row.reason, row.message, row.by, row.source):
        assert "\0" not in text
        assert len(text.encode()) <= 2000
    assert row.place is None or -(2**31) <= row.place < 2**31
