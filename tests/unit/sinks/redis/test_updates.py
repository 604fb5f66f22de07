"""The messages on the channel of updates, and the bodies of the cache."""

from __future__ import annotations

import orjson
import pytest

from pipeline.errors import InvalidInput
from sinks.redis.entries import device_entry, telemetry_entries
from sinks.redis.updates import MAX_DEVICES, TelemetryUpdate, Updates, decode_updates, encode_updates


def test_a_message_comes_back_as_it_was() -> None:
    updates = Updates((TelemetryUpdate("d", 5, {"a": 1.5, "b": "x", "c": True}),), ({"device_id": "d"},))
    (message,) = encode_updates(updates)
    assert decode_updates(message) == updates


def test_many_devices_go_in_several_messages_and_nothing_in_none() -> None:
    updates = Updates([TelemetryUpdate(f"d{place}", place, {}) for place in range(MAX_DEVICES + 1)])
    messages = encode_updates(updates)
    assert [len(decode_updates(message).telemetry) for message in messages] == [MAX_DEVICES, 1]
    assert encode_updates(Updates()) == []


@pytest.mark.parametrize("message", [b"", b"[]", b'{"telemetry": 1}', b'{"telemetry": [[1]]}', b"\xff"])
def test_what_is_no_message_is_refused(message: bytes) -> None:
    with pytest.raises(InvalidInput, match="no update"):
        decode_updates(message)


def test_bodies_begin_with_the_number_that_decides() -> None:
    assert device_entry({"device_id": "d"}, 7).body.startswith('{"as_of":7,')
    bodies = [entry.body for entry in telemetry_entries("d", {"a": 'q"', "b": 2}, {"a": -5, "b": 6})]
    assert bodies == ['{"as_of":-5,"ts":-5,"value":"q\\""}', '{"as_of":6,"ts":6,"value":2}']
    assert orjson.loads(bodies[0]) == {"as_of": -5, "ts": -5, "value": 'q"'}
