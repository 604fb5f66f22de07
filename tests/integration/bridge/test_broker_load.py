"""The bridge says when the broker's queue runs full: a full one drops what was acknowledged."""

from __future__ import annotations

from pathlib import Path

from bridge.broker_load import STORED_TOPIC
from pipeline.settings import Settings
from tests.support.mqtt import Publisher, Subscriber
from tests.support.stack import LocalStack
from tests.support.topics import fresh_journal
from tests.support.waiting import wait_until
from tests.support.workers import Worker, workers


async def test_a_queue_that_is_half_full_is_an_alarm(stack: LocalStack, tmp_path: Path) -> None:
    # A limit that the messages of this test fill, whatever the broker's own is.
    settings: Settings = stack.settings(data_dir=tmp_path, mqtt_queue_bytes=200_000)
    await fresh_journal(settings)
    with workers() as started:
        first = Worker(settings, "bridge", name="bridge")
        started.append(first)
        first.wait_for("connected", 40)
        first.kill9()
        with Publisher(settings) as device:
            for number in range(300):
                device.publish("insa/devices/queue-1/telemetry", b'{"note": "%s"}' % (b"%04d" % number * 250))
            await wait_until(lambda: device.acknowledged == 300, 30, "the broker's acknowledgements")
        with Subscriber(settings, STORED_TOPIC) as watcher:
            # The broker tells every ten seconds; the bridge must not have emptied the queue before.
            await wait_until(lambda: any(int(payload) > 100_000 for _, payload in watcher.messages), 30, "the level")
        second = Worker(settings, "bridge", name="bridge-again")
        started.append(second)
        await wait_until(lambda: second.events("broker_queue_half_full"), 40, f"the alarm\n{second.log_tail()}")
        await wait_until(lambda: second.events("broker_queue_has_room"), 60, "its end")
