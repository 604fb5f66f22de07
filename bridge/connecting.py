"""How the bridge connects and what it subscribes to: the choices that its guarantees rest on."""

from __future__ import annotations

import random

from paho.mqtt.client import Client
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from bridge.broker_load import DROPPED_TOPIC, STORED_TOPIC
from bridge.mapping import ALERT_SUBSCRIPTION, SUBSCRIPTIONS
from pipeline.settings import Settings

CLIENT_ID = "iiot-bridge"
MARKER_TOPIC = f"insa/bridge/{CLIENT_ID}/marker"
RECEIVE_MAXIMUM = 4000
QOS = 1
"""Never 2: after a crash the broker would send only releases of messages that nobody has any more."""
_SESSION_EXPIRY_SECONDS = 7 * 24 * 3600
_KEEPALIVE_SECONDS = 30
_RECONNECT_SECONDS = (1, 30)
_NO_REPLAY = SubscribeOptions.RETAIN_SEND_IF_NEW_SUB

Subscriptions = list[tuple[str, SubscribeOptions]]


def connect(client: Client, settings: Settings) -> None:
    """Let the client connect once its loop runs, to a session that the broker keeps while the bridge is away.

    Without an expiry, or with a clean start, the broker would throw the queue away at each start of a bridge.
    """
    if settings.mqtt_username:
        client.username_pw_set(settings.mqtt_username, settings.mqtt_password.get_secret_value())
    first, longest = _RECONNECT_SECONDS
    # The type says int; a fraction spreads the clients that lost a broker at the same time.
    client.reconnect_delay_set(first + random.random(), longest)  # type: ignore[arg-type]
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = _SESSION_EXPIRY_SECONDS
    properties.ReceiveMaximum = RECEIVE_MAXIMUM
    client.connect_async(
        settings.mqtt_broker_host,
        settings.mqtt_broker_port,
        keepalive=_KEEPALIVE_SECONDS,
        clean_start=False,
        properties=properties,
    )


def subscriptions() -> Subscriptions:
    """What devices and others publish, and the bridge's own marker; of alerts those that it did not publish itself."""
    wanted = [(topic, SubscribeOptions(qos=QOS, retainHandling=_NO_REPLAY)) for topic in (*SUBSCRIPTIONS, MARKER_TOPIC)]
    return [*wanted, (ALERT_SUBSCRIPTION, SubscribeOptions(qos=QOS, noLocal=True, retainHandling=_NO_REPLAY))]


def load_subscriptions() -> Subscriptions:
    """What the broker says of its own queue; it may refuse."""
    at_once = SubscribeOptions(qos=0, retainHandling=SubscribeOptions.RETAIN_SEND_ON_SUBSCRIBE)
    return [(topic, at_once) for topic in (STORED_TOPIC, DROPPED_TOPIC)]
