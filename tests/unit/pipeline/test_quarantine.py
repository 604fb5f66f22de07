"""What goes into quarantine comes out as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.codec import MAX_BODY_BYTES
from pipeline.errors import InvalidInput, UnknownVersion
from pipeline.instants import EARLIEST, LATEST
from pipeline.quarantine import (
    KafkaSource,
    MqttSource,
    Quarantined,
    decode_quarantined,
    encode_quarantined,
    quarantine_key,
)

codes = st.from_regex(r"[a-z_]{1,20}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
sources = st.one_of(
    st.builds(MqttSource, st.binary(max_size=60)),
    st.builds(KafkaSource, st.from_regex(r"[a-z.-]{1,20}", fullmatch=True), st.integers(0, 99), st.integers(0)),
)
items = st.builds(
    Quarantined,
    reason=codes,
    message=texts,
    by=codes,
    source=sources,
    received_at=st.integers(EARLIEST, LATEST),
    raw=st.binary(max_size=200),
    device_id=st.none() | st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
    index=st.none() | st.integers(0, 10_000),
)


@given(items)
def test_a_quarantine_record_round_trips(item: Quarantined) -> None:
    encoded = encode_quarantined(item)
    assert decode_quarantined(quarantine_key(item), encoded.headers, encoded.body) == item


def test_raw_bytes_too_large_for_a_record_are_cut_and_the_message_says_so() -> None:
    item = Quarantined("x", "too much", "detect", KafkaSource("t", 0, 1), 0, b"a" * (MAX_BODY_BYTES + 1))
    encoded = encode_quarantined(item)
    assert len(encoded.body) == MAX_BODY_BYTES
    assert decode_quarantined(None, encoded.headers, encoded.body).message == "too much (cut from 524289 bytes)"


def test_a_lone_surrogate_in_the_message_does_not_stop_quarantine() -> None:
    encode_quarantined(Quarantined("x", "\ud800", "bridge", MqttSource(b"\xff"), 0, b""))


@pytest.mark.parametrize("missing", ["v", "reason", "source", "received_at"])
def test_a_record_without_a_header_is_undecodable(missing: str) -> None:
    encoded = encode_quarantined(Quarantined("x", "m", "bridge", MqttSource(b"a"), 0, b""))
    with pytest.raises(InvalidInput, match="quarantine record"):
        decode_quarantined(None, tuple(h for h in encoded.headers if h[0] != missing), b"")


def test_a_newer_version_is_not_skipped() -> None:
    encoded = encode_quarantined(Quarantined("x", "m", "bridge", MqttSource(b"a"), 0, b""))
    with pytest.raises(UnknownVersion):
        decode_quarantined(None, (("v", b"2"), *encoded.headers[1:]), b"")
