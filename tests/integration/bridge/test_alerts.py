"""Alert events go out to MQTT; what others publish there comes in, our own does not."""

from __future__ import annotations

import secrets

from pipeline.alert_codec import encode_output
from pipeline.alerts import AlertEvent, Cause
from pipeline.codec import Encoded
from pipeline.journal.clients import make_producer
from pipeline.partitioning import partition_for
from pipeline.quarantine import MqttSource, decode_quarantined
from pipeline.settings import Settings
from pipeline.topics import ALERTS
from tests.support.journal import JournalView, TopicView
from tests.support.mqtt import Publisher, Subscriber
from tests.support.stack import LocalStack
from tests.support.subprocesses import Running
from tests.support.waiting import wait_until


def _alert(device_id: str, sequence: int = 1) -> Encoded:
    return encode_output(
        AlertEvent(
            alert_id=secrets.token_hex(16),
            sequence=sequence,
            transition="raised",
            rule_id="hot",
            rule_version=1,
            rule_name="Hot",
            device_id=device_id,
            severity="critical",
            message="too hot",
            value=101.5,
            threshold=100,
            unit=None,
            context={},
            opened_at=1_700_000_000_000,
            at=1_700_000_000_000,
            cause=Cause("iiot.events", 0, 1),
        )
    )


async def _write(settings: Settings, device_id: str, *encoded: Encoded) -> None:
    producer = make_producer(settings)
    await producer.start()
    try:
        for headers, body in encoded:
            await producer.send_and_wait(
                ALERTS.name,
                body,
                key=device_id.encode(),
                partition=partition_for(device_id, settings.kafka_partitions),
                headers=list(headers),
            )
    finally:
        await producer.stop()


async def test_an_alert_event_goes_out_with_its_records_body(settings: Settings, bridge: Running, plant: str) -> None:
    alerts = [_alert(f"{plant}1", sequence) for sequence in (1, 2, 3)]
    with Subscriber(settings, f"insa/alerts/{plant}1") as subscriber:
        await _write(settings, f"{plant}1", *alerts)
        await wait_until(lambda: len(subscriber.messages) >= 3, 20, "the alerts on MQTT")
        assert list(subscriber.messages) == [(f"insa/alerts/{plant}1", alert.body) for alert in alerts]


async def test_own_alerts_do_not_come_in_and_foreign_ones_are_kept(
    settings: Settings, bridge: Running, quarantine: TopicView, view: JournalView, plant: str
) -> None:
    with Subscriber(settings, "insa/alerts/#") as subscriber, Publisher(settings) as publisher:
        await _write(settings, f"{plant}1", _alert(f"{plant}1"))
        await wait_until(lambda: subscriber.messages, 20, "our alert on MQTT")
        publisher.publish(f"insa/alerts/{plant}2", b"fire")

        async def kept() -> bool:
            return any(record.value == b"fire" for record in await quarantine.refresh())

        await wait_until(kept, 20, "the foreign alert in quarantine")
    items = [decode_quarantined(r.key, r.headers, r.value) for r in await quarantine.refresh()]
    assert [(item.reason, item.source) for item in items] == [
        ("foreign_alert", MqttSource(f"insa/alerts/{plant}2".encode()))
    ]


async def test_an_alert_written_while_no_bridge_ran_goes_out_when_one_does(
    settings: Settings, bridge: Running, plant: str
) -> None:
    with Subscriber(settings, "insa/alerts/#") as subscriber:
        await _write(settings, f"{plant}0", _alert(f"{plant}0"))
        await wait_until(lambda: subscriber.messages, 20, "the first alert")
        bridge.kill9()
        await _write(settings, f"{plant}1", _alert(f"{plant}1"))
        bridge.start()
        await wait_until(
            lambda: f"insa/alerts/{plant}1" in [topic for topic, _ in subscriber.messages], 40, "the alert on MQTT"
        )


async def test_garbage_among_the_alerts_is_passed(
    stack: LocalStack, settings: Settings, bridge: Running, plant: str
) -> None:
    good = _alert(f"{plant}1")
    with Subscriber(settings, "insa/alerts/#") as subscriber:
        await _write(settings, f"{plant}1", Encoded((), b"\xff"), Encoded((("ce_type", b"\xff"),), b""))
        await _write(settings, "#/+", Encoded(good.headers, good.body))
        await _write(settings, f"{plant}1", Encoded(good.headers, b"x" * 300_000), good)
        await wait_until(lambda: subscriber.messages, 20, "the good alert")
        assert list(subscriber.messages) == [(f"insa/alerts/{plant}1", good.body)]
    assert bridge.is_running(), bridge.log()
