"""The MQTT connection: a persistent session whose messages are acknowledged when the caller says so.

paho runs its own thread. Its callbacks only note what happened and wake the event loop; everything else is called
from the loop. Messages count per connection (the epoch): the broker uses message ids again after a reconnect, so an
acknowledgement that outlived its connection would confirm another message. Such ones are dropped; the broker sends
the message again.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from bridge.broker_load import SYS_PREFIX, BrokerLoad
from bridge.connecting import CLIENT_ID, QOS, RECEIVE_MAXIMUM, connect, load_subscriptions, subscriptions
from bridge.inbox import Inbox, Received
from bridge.lean_client import LeanClient, Publish
from pipeline.errors import PartitionLost, PlatformError
from pipeline.process import metrics
from pipeline.process.logs import get_log
from pipeline.settings import Settings

_INBOX_ROOM = 2 * RECEIVE_MAXIMUM
_INBOX_BYTES = 64 * 2**20
_CLOSE_SECONDS = 5


class PublishRefused(PlatformError):
    """The broker does not take a message; sending it again at once would not help."""


class MqttSession:
    """One client of the broker under the bridge's fixed name. Made on the event loop, used from it alone."""

    def __init__(self, settings: Settings) -> None:
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._epoch = 0
        self._connected = False
        self._linked = False
        self._tried_at = time.monotonic()
        self._thread: threading.Thread | None = None
        self._publishing: dict[int, asyncio.Future[None]] = {}
        self._load = BrokerLoad(settings.mqtt_queue_bytes)
        self._load_mid: int | None = None
        self.inbox = Inbox(self._loop, _INBOX_ROOM, _INBOX_BYTES)
        self.failure: asyncio.Future[None] = self._loop.create_future()
        """Gets the exception that ends the connection for good."""
        self._log = get_log("bridge.mqtt")
        self._client = self._make_client(settings)

    def start(self) -> None:
        """Start connecting; returns at once."""
        known = set(threading.enumerate())
        self._client.loop_start()
        self._thread = next(iter(set(threading.enumerate()) - known), None)

    def close(self) -> None:
        """Disconnect so that the broker keeps the session; blocks for at most some seconds."""
        self._client.disconnect()
        closing = threading.Thread(target=self._client.loop_stop, daemon=True)
        closing.start()
        closing.join(_CLOSE_SECONDS)

    @property
    def epoch(self) -> int | None:
        """The current connection, None while there is none or the subscriptions are not confirmed yet."""
        return self._epoch if self._connected else None

    def thread_is_alive(self) -> bool:
        """Whether paho's thread runs: it dies silently of an error in a callback."""
        return self._thread is not None and self._thread.is_alive()

    def seconds_since_attempt(self) -> float:
        """How long ago the connection was last there or tried for."""
        return 0.0 if self._linked else time.monotonic() - self._tried_at

    def acknowledge(self, messages: Sequence[Received]) -> None:
        """Acknowledge in the given order what came by the current connection; the rest is dropped and counted."""
        # The lock keeps the connection from being replaced between looking and acknowledging.
        with self._lock:
            current = [message for message in messages if message.epoch == self._epoch]
            # The thread may be closing the socket pair that wakes it: then the connection is gone too.
            with contextlib.suppress(OSError):
                self._client.ack_all(message.mid for message in current if message.qos)
        metrics.MQTT_ACKNOWLEDGED.inc(len(current))
        metrics.MQTT_STALE_ACKS.inc(len(messages) - len(current))

    def publish(self, topic: str, payload: bytes) -> asyncio.Future[None]:
        """Publish at QoS 1; the future is done once the broker acknowledged, after a reconnect if need be.

        The future raises PublishRefused if the broker refuses.
        """
        info = self._client.publish(topic, payload, qos=QOS)
        future: asyncio.Future[None] = self._loop.create_future()
        self._publishing[info.mid] = future
        return future

    def _make_client(self, settings: Settings) -> LeanClient:
        client = LeanClient(
            self._on_message,
            self.inbox.has_room,
            callback_api_version=CallbackAPIVersion.VERSION2,
            client_id=CLIENT_ID,
            protocol=MQTTProtocolVersion.MQTTv5,
            manual_ack=True,
        )
        client.on_pre_connect = self._on_pre_connect
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.suppress_exceptions = True
        connect(client, settings)
        return client

    # What follows runs in paho's thread.

    def _on_pre_connect(self, _client: Client, _userdata: object) -> None:
        self._tried_at = time.monotonic()

    def _on_connect(
        self, client: Client, _userdata: object, flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._log.warning("connection_refused", reason=str(reason))
            return
        with self._lock:
            self._epoch += 1
            self._linked = True
        metrics.MQTT_CONNECTIONS.labels("resumed" if flags.session_present else "new").inc()
        self._log.info("connected", session_present=flags.session_present, epoch=self._epoch)
        client.subscribe(subscriptions())
        self._load_mid = client.subscribe(load_subscriptions())[1]

    def _on_subscribe(
        self, _client: Client, _userdata: object, mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if mid == self._load_mid:
            if refused:
                self._log.warning("broker_load_unknown", reason=refused[0])
            return
        if refused:
            self._fail(PlatformError(f"the broker refused subscriptions of the bridge: {refused[0]}; check its ACL"))
            return
        self._connected = True
        metrics.MQTT_CONNECTED.set(1)

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: object,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        with self._lock:
            self._epoch += 1
            self._connected = self._linked = False
        self._tried_at = time.monotonic()
        metrics.MQTT_CONNECTED.set(0)
        self._log.info("disconnected", reason=str(reason))
        if reason.getName() == "Session taken over":
            self._fail(PartitionLost("another bridge took the MQTT session over"))

    def _on_message(self, message: Publish) -> None:
        try:
            qos, mid, topic, payload = message
            if topic.startswith(SYS_PREFIX):
                self._loop.call_soon_threadsafe(self._note_load, topic, payload)
                return
            self.inbox.put(Received(self._epoch, mid, qos, topic, payload, time.time_ns() // 1_000_000))
        except Exception:
            # Not acknowledged, so it comes again by the next connection.
            self._log.error("on_message_failed", exc_info=True)
            self._reconnect()

    def _reconnect(self) -> None:
        connection: Any = self._client.socket()
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _on_publish(
        self, _client: Client, _userdata: object, mid: int, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        # Through the loop, which notes the id before it can see this: taking a lock here, where paho holds its
        # own, could block both threads for good.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._published, mid, str(reason) if reason.is_failure else None)

    def _fail(self, error: PlatformError) -> None:
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._failed, error)

    # And this on the event loop again.

    def _published(self, mid: int, refusal: str | None) -> None:
        future = self._publishing.pop(mid, None)
        if future is None or future.done():
            return
        if refusal is None:
            future.set_result(None)
        else:
            future.set_exception(PublishRefused(f"the broker refused a message: {refusal}"))

    def _note_load(self, topic: bytes, payload: bytes) -> None:
        finding = self._load.note(topic, payload)
        metrics.BROKER_STORED_BYTES.set(self._load.stored)
        metrics.BROKER_DROPPED.set(self._load.dropped or 0)
        if finding == "broker_queue_has_room":
            self._log.info(finding, stored_bytes=self._load.stored)
        elif finding is not None:
            self._log.error(
                finding, stored_bytes=self._load.stored, limit_bytes=self._load.limit, dropped=self._load.dropped
            )

    def _failed(self, error: PlatformError) -> None:
        if not self.failure.done():
            self.failure.set_exception(error)
