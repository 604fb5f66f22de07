"""Garbage on every topic: kept with its reason, and nothing behind it is held up."""

from __future__ import annotations

import gzip

import orjson

from pipeline.quarantine import MqttSource, Quarantined, decode_quarantined
from pipeline.settings import Settings
from tests.support.journal import JournalView, TopicView
from tests.support.mqtt import Publisher
from tests.support.subprocesses import Running
from tests.support.waiting import wait_until

GARBAGE: list[tuple[str, bytes, str]] = [
    ("telemetry", b"", "invalid_json"),
    ("telemetry", gzip.compress(b'{"a":1}'), "invalid_json"),
    ("telemetry", b"\xff\xfe\x00", "invalid_json"),
    ("telemetry", b'\xef\xbb\xbf{"a":1}', "invalid_json"),
    ("telemetry", b'{"a":' + b"9" * 5000 + b"}", "invalid_json"),
    ("telemetry", b'{"a":1e999}', "invalid_json"),
    ("telemetry", b'{"a":NaN}', "invalid_json"),
    ("telemetry", b"[" * 60_000, "invalid_json"),
    ("telemetry", b'{"a":1,"a":2}', "invalid_json"),
    ("telemetry", b'{"a":"\\u0000"}', "invalid_json"),
    ("telemetry", b'{"a":"\\ud800"}', "invalid_json"),
    ("telemetry", b'{"a":"' + b"x" * 65_000 + b'"}', "value_too_long"),
    ("telemetry", b'{"a":"' + b"x" * 200_000 + b'"}', "value_too_long"),
    ("telemetry", orjson.dumps({f"k{n}": n for n in range(10_000)}), "too_many_keys"),
    ("telemetry", b'{"a":1,"timestamp":1e20}', "invalid_timestamp"),
    ("telemetry", b'{"a":1,"timestamp":"9999-12-31T23:59:59Z"}', "timestamp_ahead"),
    ("telemetry", b'{"a":1,"device_id":"other"}', "device_mismatch"),
    ("status", b"", "invalid_json"),
    ("status", b"{}", "invalid_status"),
    ("commands", b"{}", "invalid_answer"),
]


async def _wait_for(quarantine: TopicView, prefix: bytes, count: int) -> list[Quarantined]:
    found: list[Quarantined] = []

    async def enough() -> bool:
        found[:] = [
            item
            for record in await quarantine.refresh()
            for item in [decode_quarantined(record.key, record.headers, record.value)]
            if isinstance(item.source, MqttSource) and prefix in item.source.topic
        ]
        return len(found) >= count

    await wait_until(enough, 20, f"{count} quarantine records")
    return found


async def test_garbage_is_kept_with_its_reason_and_holds_nothing_up(
    settings: Settings, view: JournalView, quarantine: TopicView, bridge: Running, plant: str
) -> None:
    with Publisher(settings) as publisher:
        for number, (kind, payload, _) in enumerate(GARBAGE):
            publisher.publish(f"insa/devices/{plant}{number}/{kind}", payload)
            publisher.publish(f"insa/devices/{plant}{number}/telemetry", b'{"good":true,"timestamp":1700000000}')
        publisher.wait()
    found = await _wait_for(quarantine, plant.encode(), len(GARBAGE))
    assert {(item.device_id, item.raw, item.reason, item.by) for item in found} == {
        (f"{plant}{number}", payload, reason, "bridge") for number, (_, payload, reason) in enumerate(GARBAGE)
    }

    async def all_good() -> bool:
        return len(await view.readings(plant)) == len(GARBAGE)

    await wait_until(all_good, 20, "the good readings behind the garbage")


IMPOSSIBLE_IDS = ["..", "a:b", "%u", "d\u00fc", "x" * 65, "x" * 60_000, "a b", "\u200b"]


async def test_a_device_id_that_cannot_be_one_is_kept_out(
    settings: Settings, quarantine: TopicView, bridge: Running, plant: str
) -> None:
    with Publisher(settings) as publisher:
        for device_id in IMPOSSIBLE_IDS:
            publisher.publish(f"insa/devices/{device_id}/telemetry", orjson.dumps({plant: 1}))
        publisher.wait()
    found = await _wait_for(quarantine, b"insa/devices/", len(IMPOSSIBLE_IDS))
    assert {(item.reason, item.device_id, item.source) for item in found} == {
        ("invalid_id", None, MqttSource(f"insa/devices/{device_id}/telemetry".encode())) for device_id in IMPOSSIBLE_IDS
    }


async def test_one_bad_element_of_a_list_costs_no_other(
    settings: Settings, view: JournalView, quarantine: TopicView, bridge: Running, plant: str
) -> None:
    with Publisher(settings) as publisher:
        publisher.publish(f"insa/devices/{plant}1/telemetry", b'[{"a":1,"ts":1},{"a":[1],"ts":2},{"a":3,"ts":3}]')
        publisher.wait()
    (item,) = await _wait_for(quarantine, plant.encode(), 1)
    assert (item.index, item.raw, item.reason) == (1, b'{"a":[1],"ts":2}', "array_value")

    async def both() -> bool:
        return [reading.ts for reading in await view.readings(plant)] == [1000, 3000]

    await wait_until(both, 20, "the two good elements")
