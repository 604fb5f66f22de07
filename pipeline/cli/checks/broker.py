"""The MQTT broker: does it let the bridge in?"""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from pipeline.cli.checks.finding import Finding
from pipeline.cli.checks.reach import advice, no_answer, where
from pipeline.settings import Settings

CONNECT_SECONDS = 5
SUBJECT = "Mosquitto"


async def check_broker(settings: Settings, env_file: Path) -> list[Finding]:
    """Log in under a client id of its own, so that the bridge's session is left alone."""
    try:
        answer = await asyncio.to_thread(_connect, settings)
    except OSError as error:
        observation = no_answer(where(settings, "mosquitto"), error)
        remedy = advice(settings, "mosquitto", "MQTT_BROKER_HOST and MQTT_BROKER_PORT")
        return [Finding(SUBJECT, observation, remedy)]
    if answer is None:
        remedy = "Does another kind of server listen there? Correct MQTT_BROKER_PORT in .env."
        return [Finding(SUBJECT, f"{where(settings, 'mosquitto')} does not speak MQTT 5", remedy)]
    if answer.is_failure:
        observation = f"{where(settings, 'mosquitto')} refuses the login: {answer}"
        return [Finding(SUBJECT, observation, "Correct MQTT_USERNAME and MQTT_PASSWORD in .env.")]
    return [Finding(SUBJECT, f"{where(settings, 'mosquitto')} lets us in")]


def _connect(settings: Settings) -> ReasonCode | None:
    """Return the broker's answer to a login; None if none came. Raises OSError if nobody listens."""
    answered = threading.Event()
    answers: list[ReasonCode] = []

    def on_connect(
        client: mqtt.Client, userdata: object, flags: object, reason: ReasonCode, properties: object
    ) -> None:
        answers.append(reason)
        answered.set()

    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.on_connect = on_connect
    client.connect_timeout = CONNECT_SECONDS
    if settings.mqtt_username:
        client.username_pw_set(settings.mqtt_username, settings.mqtt_password.get_secret_value())
    client.connect(settings.mqtt_broker_host, settings.mqtt_broker_port)
    client.loop_start()
    answered.wait(CONNECT_SECONDS)
    client.disconnect()
    client.loop_stop()
    return answers[0] if answers else None
