"""What goes wrong inside detection: a failed produce, garbage, a rule that raises, a stream that stands still."""

from __future__ import annotations

from aiokafka import AIOKafkaProducer

from pipeline.alerts import RuleSuspended
from pipeline.codec import encode
from pipeline.events import Reading, Readings, RuleDefined
from pipeline.journal.clients import make_producer
from pipeline.journal.writer import JournalWriter
from pipeline.partitioning import partition_for
from pipeline.quarantine import decode_quarantined
from pipeline.rules.model import parse_rule
from pipeline.settings import Settings
from pipeline.topics import ALERTS, EVENTS, QUARANTINE
from tests.integration.agents.test_detect_takeover import check, feed, until_said
from tests.support import sawtooth
from tests.support.topics import read_outputs, read_topic
from tests.support.waiting import wait_until
from tests.support.workers import Worker

DEVICES = 40
DETECT = "\nfrom pipeline.cli.main import main; main(sys.argv[1:])\n"


async def test_an_alert_whose_produce_failed_after_the_fold_still_comes(
    kafka_settings: Settings, writer: JournalWriter, started: list[Worker]
) -> None:
    script = (
        "import sys\n"
        "from aiokafka import AIOKafkaProducer\n"
        "from aiokafka.errors import KafkaError\n"
        "original, calls = AIOKafkaProducer.send, [0]\n"
        "async def send(self, topic, *args, **kwargs):\n"
        "    if topic == 'iiot.alerts':\n"
        "        calls[0] += 1\n"
        "        if calls[0] in (3, 30, 31): raise KafkaError('made to fail')\n"
        "    return await original(self, topic, *args, **kwargs)\n"
        "AIOKafkaProducer.send = send\n"
    )
    await writer.append(sawtooth.rule())
    worker = Worker(kafka_settings, "detect", name="detect", script=script + DETECT)
    started.append(worker)
    worker.wait_for("opened", 40, count=writer.partitions)
    await feed(writer, 0, 100)
    await until_said(kafka_settings, sawtooth.transitions(DEVICES, 100), 40)
    await check(kafka_settings, sawtooth.transitions(DEVICES, 100))
    assert len(worker.events("dropped")) + len(worker.events("open_failed")) >= 2, "nothing was made to fail"


async def test_garbage_in_the_journal_and_among_the_alerts_is_quarantined_and_passed(
    kafka_settings: Settings, writer: JournalWriter, started: list[Worker]
) -> None:
    await writer.append(sawtooth.rule())
    worker = Worker(kafka_settings, "detect", name="detect")
    started.append(worker)
    await feed(writer, 0, 50)
    producer = make_producer(kafka_settings)
    await producer.start()
    try:
        frame = encode(Readings((Reading("device-0", 1, {"temperature": 1.0}),)))
        headers = list(frame.headers)
        for partition in range(writer.partitions):
            await _append(producer, EVENTS.name, partition, b"\xff\x00garbage", [])
            await _append(producer, EVENTS.name, partition, None, headers)
            await _append(producer, EVENTS.name, partition, b"{", headers)
            await _append(producer, EVENTS.name, partition, b"[]", [("type", b"no_such_event"), ("v", b"1")])
            await _append(producer, EVENTS.name, partition, b'{"version":1}', [("type", b"rule_defined"), ("v", b"1")])
            await _append(producer, ALERTS.name, partition, b"garbage", [("ce_type", b"\xff")])
        # One bad reading never costs its frame.
        partition = partition_for("spoiled", writer.partitions)
        spoiled = b'[["spoiled",1700000050000,{"temperature":150.5}],["no id!",1,{"x":1}],["spoiled",5,{"x":[]}]]'
        await _append(producer, EVENTS.name, partition, spoiled, headers)
    finally:
        await producer.stop()
    expected = sawtooth.transitions(DEVICES, 50)
    hot = ("spoiled", "raised", 1700000050000)
    await until_said(kafka_settings, expected | {hot}, 40)

    async def quarantined() -> bool:
        return len(await read_topic(kafka_settings, QUARANTINE.name)) >= writer.partitions * 5 + 2

    await wait_until(quarantined, 30, "every piece of garbage in quarantine")
    reasons = [
        decode_quarantined(record.key, record.headers, record.value).reason
        for record in await read_topic(kafka_settings, QUARANTINE.name)
    ]
    assert reasons.count("no_reading") == 2
    assert worker.process.poll() is None


async def test_a_rule_that_raises_is_suspended_for_that_device_and_hinders_nothing_else(
    kafka_settings: Settings, writer: JournalWriter, started: list[Worker]
) -> None:
    script = (
        "import sys, dataclasses\n"
        "from pipeline.rules.kinds import KINDS\n"
        "kind = KINDS['statistical']\n"
        "def judge(conditions, view): raise ZeroDivisionError('a rule with a bug')\n"
        "KINDS['statistical'] = dataclasses.replace(kind, judge=judge)\n"
    )
    conditions = {"key": "temperature", "aggregate": "avg", "window_seconds": 60, "operator": ">", "value": 0}
    document = {"name": "Raises", "rule_type": "statistical", "device_id": "device-3", "conditions": conditions}
    await writer.append(sawtooth.rule())
    await writer.append(RuleDefined(1, "raises", parse_rule(document)))
    started.append(Worker(kafka_settings, "detect", name="detect", script=script + DETECT))
    await feed(writer, 0, 100)
    await until_said(kafka_settings, sawtooth.transitions(DEVICES, 100), 40)
    await check(kafka_settings, sawtooth.transitions(DEVICES, 100))
    suspended = [output for output in await read_outputs(kafka_settings) if isinstance(output, RuleSuspended)]
    assert [(each.rule_id, each.device_id) for each in suspended] == [("raises", "device-3")]
    assert "ZeroDivisionError" in suspended[0].error


async def test_a_tail_that_faust_never_delivers_is_healed_without_a_next_event(
    kafka_settings: Settings, writer: JournalWriter, started: list[Worker]
) -> None:
    script = (
        "import sys\n"
        "from agents.ownership import Owner\n"
        "async def receive(self, record): pass\n"
        "Owner.receive = receive\n"
    )
    await writer.append(sawtooth.rule())
    worker = Worker(kafka_settings, "detect", name="detect", script=script + DETECT)
    started.append(worker)
    worker.wait_for("opened", 40, count=writer.partitions)
    await feed(writer, 0, 30)
    await until_said(kafka_settings, sawtooth.transitions(DEVICES, 30), 30)
    await feed(writer, 30, 60)
    await until_said(kafka_settings, sawtooth.transitions(DEVICES, 60), 30)
    await check(kafka_settings, sawtooth.transitions(DEVICES, 60))
    assert worker.events("tail_found")


async def _append(
    producer: AIOKafkaProducer, topic: str, partition: int, body: bytes | None, headers: list[tuple[str, bytes]]
) -> None:
    # Kafka wants a key or a body.
    await producer.send_and_wait(topic, body, key=b"k" if body is None else None, partition=partition, headers=headers)
