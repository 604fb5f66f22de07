from __future__ import annotations

from bridge.broker_load import DROPPED_TOPIC, STORED_TOPIC, BrokerLoad
from pipeline.cli.stack.mosquitto import MAX_QUEUED_BYTES
from pipeline.settings import Settings

STORED, DROPPED = STORED_TOPIC.encode(), DROPPED_TOPIC.encode()


def test_half_full_is_an_alarm_once_and_so_is_its_end() -> None:
    load = BrokerLoad(limit=1000)
    assert load.note(STORED, b"499") is None
    assert load.note(STORED, b"500") == "broker_queue_half_full"
    assert load.note(STORED, b"900") is None
    assert load.note(STORED, b"10") == "broker_queue_has_room"
    assert load.stored == 10


def test_only_what_is_dropped_while_somebody_listens_is_an_alarm() -> None:
    load = BrokerLoad(limit=1000)
    assert load.note(DROPPED, b"70") is None
    assert load.note(DROPPED, b"70") is None
    assert load.note(DROPPED, b"71") == "broker_dropped_messages"
    assert load.note(DROPPED, b"0") is None
    assert load.note(DROPPED, b"1") == "broker_dropped_messages"


def test_what_is_no_number_or_not_asked_for_says_nothing() -> None:
    load = BrokerLoad(limit=1000)
    assert load.note(STORED, b"1e9") is None
    assert load.note(STORED, b"") is None
    assert load.note(b"$SYS/broker/uptime", b"100000") is None


def test_the_limit_that_is_watched_is_the_one_the_local_broker_has() -> None:
    assert Settings(_env_file=None).mqtt_queue_bytes == MAX_QUEUED_BYTES
