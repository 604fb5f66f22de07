"""What the watchdog looks at in a bridge."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.alerts_out import AlertPublisher
from bridge.forwarder import Forwarder
from bridge.probe import KafkaProbe
from bridge.session import MqttSession
from pipeline.process.watchdog import Watchdog

_THREAD_SECONDS = 1.0
_CONNECTION_SECONDS = 90.0
_STUCK_SECONDS = 60.0
_STANDBY_SECONDS = 0.0


@dataclass(slots=True)
class StandingBy:
    """Whether a bridge still stands by."""

    over: bool = False


def watch_standby(watchdog: Watchdog, probe: KafkaProbe) -> StandingBy:
    """Leave after an outage of Kafka: a group member may not come back, and a fresh one costs nothing here."""
    standing_by = StandingBy()

    def check() -> str | None:
        if standing_by.over or not probe.answers or not probe.outages:
            return None
        return "Kafka was away; only a new member is sure to be in the group"

    watchdog.watch("standby", check, _STANDBY_SECONDS)
    return standing_by


def watch_active(
    watchdog: Watchdog, session: MqttSession, forwarder: Forwarder, alerts: AlertPublisher, probe: KafkaProbe
) -> None:
    """Leave when paho's thread died or tries no more, or when one way stands still though both ends answer."""

    def thread() -> str | None:
        return None if session.thread_is_alive() else "the MQTT thread is dead"

    def connection() -> str | None:
        seconds = session.seconds_since_attempt()
        return None if seconds < _CONNECTION_SECONDS else f"no attempt to connect for {seconds:.0f} s"

    def forwarding() -> str | None:
        forwarder.progress.waiting = forwarder.pending > 0 and probe.answers
        return forwarder.progress()

    def alerts_out() -> str | None:
        behind = any(end > alerts.positions.get(partition, 0) for partition, end in probe.alert_ends.items())
        # The broker's acknowledgements stand behind the messages that it sends us: a backlog delays them, not a fault.
        flowing = session.epoch is not None and not forwarder.pending
        alerts.progress.waiting = behind and probe.answers and flowing
        return alerts.progress()

    watchdog.watch("mqtt_thread", thread, _THREAD_SECONDS)
    watchdog.watch("mqtt_connection", connection, _THREAD_SECONDS)
    watchdog.watch("forwarding", forwarding, _STUCK_SECONDS)
    watchdog.watch("alerts_out", alerts_out, _STUCK_SECONDS)
