"""What the broker's configuration promises to the bridge: nothing acknowledged is dropped."""

from __future__ import annotations

import secrets
import threading

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from pipeline.cli.stack.mosquitto import MAX_PACKET_BYTES
from pipeline.settings import Settings
from tests.support.waiting import wait_until_blocking

MORE_THAN_THE_DEFAULT_QUEUE = 1500


def subscriber(name: str, received: list[bytes]) -> mqtt.Client:
    """A client whose session outlives its connection."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv5)
    client.on_message = lambda _client, _data, message: received.append(bytes(message.payload))
    return client


def connect(client: mqtt.Client, settings: Settings) -> None:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = 60
    connected = threading.Event()
    client.on_connect = lambda *_: connected.set()
    client.connect(settings.mqtt_broker_host, settings.mqtt_broker_port, clean_start=False, properties=properties)
    client.loop_start()
    assert connected.wait(10)


def disconnect(client: mqtt.Client) -> None:
    client.disconnect()
    client.loop_stop()


def test_more_than_a_thousand_messages_wait_for_an_absent_session(settings: Settings) -> None:
    topic, received = f"limits/{secrets.token_hex(4)}", list[bytes]()
    name = f"listener-{secrets.token_hex(4)}"
    listener = subscriber(name, received)
    connect(listener, settings)
    subscribed = threading.Event()
    listener.on_subscribe = lambda *_: subscribed.set()
    listener.subscribe(topic, qos=1)
    assert subscribed.wait(10)
    disconnect(listener)

    publisher = subscriber(f"publisher-{secrets.token_hex(4)}", [])
    connect(publisher, settings)
    sent = [publisher.publish(topic, str(n).encode(), qos=1) for n in range(MORE_THAN_THE_DEFAULT_QUEUE)]
    wait_until_blocking(lambda: all(each.is_published() for each in sent), 30, "all to be acknowledged")
    disconnect(publisher)

    listener = subscriber(name, received)
    connect(listener, settings)
    wait_until_blocking(lambda: len(received) >= len(sent), 30, "all messages to arrive")
    disconnect(listener)
    assert received == [str(n).encode() for n in range(MORE_THAN_THE_DEFAULT_QUEUE)]


@pytest.mark.parametrize("protocol", [MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5])
def test_a_packet_that_is_too_large_is_refused_and_never_acknowledged(
    settings: Settings, protocol: MQTTProtocolVersion
) -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=protocol)
    connected, cut_off, acknowledged = threading.Event(), threading.Event(), threading.Event()
    client.on_connect = lambda *_: connected.set()
    client.on_disconnect = lambda *_: cut_off.set()
    client.on_publish = lambda *_: acknowledged.set()
    client.connect(settings.mqtt_broker_host, settings.mqtt_broker_port)
    client.loop_start()
    assert connected.wait(10)
    client.publish("limits/large", b"x" * (MAX_PACKET_BYTES + 1), qos=1)
    assert cut_off.wait(10)
    assert not acknowledged.is_set()
    client.loop_stop()
