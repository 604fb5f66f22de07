"""Publishing to the MQTT broker with QoS 1 from a command, and knowing what it acknowledged."""

from __future__ import annotations

import secrets
import threading
import time
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from pipeline.cli.failures import Unreachable, unreachable
from pipeline.settings import Settings

_WINDOW = 1000
_CONNECT_SECONDS = 10.0
_STALLED_SECONDS = 60.0


class Publisher:
    """A connection that publishes in order, at most `window` messages ahead of their acknowledgements.

    Survives a broker that goes away: what it has not acknowledged is sent again once it is back. Messages may then
    arrive twice. `acknowledged` and `refused` count its answers. Use from one thread.
    """

    def __init__(self, settings: Settings, name: str, *, window: int = _WINDOW) -> None:
        self._where = f"{settings.mqtt_broker_host}:{settings.mqtt_broker_port}"
        self._address = (settings.mqtt_broker_host, settings.mqtt_broker_port)
        self._window = window
        self._changed = threading.Condition()
        self._connected: ReasonCode | None = None
        self._wanted: int | None = None
        self.published = 0
        self.acknowledged = 0
        self.refused = 0
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"iiot-{name}-{secrets.token_hex(4)}", protocol=mqtt.MQTTv5
        )
        self._client.max_inflight_messages_set(0)  # the window is ours
        self._client.reconnect_delay_set(1, 5)
        if settings.mqtt_username:
            self._client.username_pw_set(settings.mqtt_username, settings.mqtt_password.get_secret_value())
        self._client.on_connect = self._on_connect
        self._client.on_publish = self._on_publish

    def connect(self) -> None:
        """Connect, waiting at most 10 s; raises Unreachable."""
        session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        session.SessionExpiryInterval = 0
        try:
            self._client.connect(*self._address, keepalive=30, clean_start=True, properties=session)
        except OSError as error:
            self.close()
            raise unreachable("the MQTT broker", self._where, error) from None
        self._client.loop_start()
        with self._changed:
            self._changed.wait_for(lambda: self._connected is not None, _CONNECT_SECONDS)
        if self._connected is None or self._connected.is_failure:
            self.close()
            raise unreachable("the MQTT broker", self._where, self._connected or "it does not answer")

    def publish(self, topic: str, payload: bytes) -> None:
        """Send a message; blocks while the window is full. Raises Unreachable after a minute without an answer."""
        if self._outstanding() >= self._window:
            # Half a window at once: waking up for each acknowledgement would cost more than sending.
            self._wait_until_outstanding(self._window // 2)
        self.published += 1
        self._client.publish(topic, payload, qos=1)

    def drain(self) -> None:
        """Wait until all is answered; raises Unreachable after a minute without an answer."""
        self._wait_until_outstanding(0)

    def close(self) -> None:
        """Disconnect; repeating is safe. What is not acknowledged by now may or may not arrive."""
        self._client.disconnect()
        self._client.loop_stop()
        # Without this circle the client goes at once, and with it the sockets that only its end closes.
        self._client.on_connect = self._client.on_publish = None

    def _outstanding(self) -> int:
        return self.published - self.acknowledged - self.refused

    def _wait_until_outstanding(self, most: int) -> None:
        with self._changed:
            self._wanted = most
            seen, until = -1, 0.0
            while (outstanding := self._outstanding()) > most:
                if outstanding != seen:
                    seen, until = outstanding, time.monotonic() + _STALLED_SECONDS
                elif time.monotonic() >= until:
                    raise Unreachable(
                        f"the MQTT broker at {self._where} has acknowledged nothing for {_STALLED_SECONDS:g} s"
                    )
                self._changed.wait(1.0)
            self._wanted = None

    def _on_connect(self, client: mqtt.Client, data: Any, flags: Any, reason: ReasonCode, properties: Any) -> None:
        limit = getattr(properties, "ReceiveMaximum", None)
        with self._changed:
            if limit is not None:
                self._window = min(self._window, limit)
            self._connected = reason
            self._changed.notify_all()

    def _on_publish(self, client: mqtt.Client, data: Any, mid: int, reason: ReasonCode, properties: Any) -> None:
        with self._changed:
            if reason.is_failure:
                self.refused += 1
            else:
                self.acknowledged += 1
            if self._wanted is not None and self._outstanding() <= self._wanted:
                self._changed.notify_all()


def telemetry_topic(device_id: str) -> str:
    """The MQTT topic of a device's telemetry."""
    return f"insa/devices/{device_id}/telemetry"
