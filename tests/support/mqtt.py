"""Devices and subscribers of the test's own, talking to the real broker."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from types import TracebackType

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from pipeline.settings import Settings
from tests.support.waiting import wait_until_blocking

_CONNECT_SECONDS = 20


class Publisher:
    """Publishes at QoS 1 and knows what the broker acknowledged; reconnects by itself and sends again."""

    def __init__(self, settings: Settings, in_flight: int = 2000) -> None:
        """Connect; blocks until that is done."""
        self.acknowledged = 0
        self.sent = 0
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.max_inflight_messages_set(in_flight)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_publish = self._on_publish
        self._client.connect(settings.mqtt_broker_host, settings.mqtt_broker_port)
        self._client.loop_start()
        wait_until_blocking(self._client.is_connected, _CONNECT_SECONDS, "the publisher to connect")

    def __enter__(self) -> Publisher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False) -> None:
        """Hand a message to the client; returns at once."""
        self._client.publish(topic, payload, qos=qos, retain=retain)
        self.sent += 1

    def publish_all(self, messages: Iterable[tuple[str, bytes]]) -> threading.Thread:
        """Publish from a thread of its own."""

        def work() -> None:
            for topic, payload in messages:
                self.publish(topic, payload)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        return thread

    def wait(self, seconds: float = 60) -> None:
        """Block until the broker acknowledged everything sent so far."""
        wait_until_blocking(
            lambda: self.acknowledged >= self.sent, seconds, f"{self.sent} acknowledgements of the broker"
        )

    def _on_publish(
        self, _client: Client, _userdata: object, _mid: int, _reason: ReasonCode, _properties: Properties
    ) -> None:
        self.acknowledged += 1


class Subscriber:
    """Collects what comes in under a topic filter."""

    def __init__(self, settings: Settings, topic_filter: str) -> None:
        """Subscribe; blocks until the broker confirmed it."""
        self.messages: deque[tuple[str, bytes]] = deque()
        self._filter = topic_filter
        self._ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.connect(settings.mqtt_broker_host, settings.mqtt_broker_port)
        self._client.loop_start()
        assert self._ready.wait(_CONNECT_SECONDS), "the broker confirmed no subscription"

    def __enter__(self) -> Subscriber:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(
        self,
        client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        _reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        client.subscribe(self._filter, qos=1)

    def _on_subscribe(
        self,
        _client: Client,
        _userdata: object,
        _mid: int,
        _reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        self._ready.set()

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        self.messages.append((message.topic, bytes(message.payload)))
