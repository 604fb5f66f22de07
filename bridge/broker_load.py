"""Whether the broker's queue runs full. Pure.

A full queue drops messages that the broker has acknowledged already, and tells nobody. Mosquitto publishes how much it
holds and what it dropped under `$SYS/broker/` (mosquitto(8)), every ten seconds unless configured otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

STORED_TOPIC = "$SYS/broker/store/messages/bytes"
DROPPED_TOPIC = "$SYS/broker/publish/messages/dropped"
SYS_PREFIX = b"$SYS/"

Finding: TypeAlias = Literal["broker_queue_half_full", "broker_queue_has_room", "broker_dropped_messages"]


@dataclass(slots=True)
class BrokerLoad:
    """What the broker said last; `limit` is what it may queue for one client, in bytes."""

    limit: int
    stored: int = 0
    dropped: int | None = None
    _half_full: bool = False

    def note(self, topic: bytes, payload: bytes) -> Finding | None:
        """Take one `$SYS` message; names what has just become true, once each time it does."""
        try:
            number = int(payload)
        except ValueError:
            return None
        if topic == STORED_TOPIC.encode():
            self.stored = number
            half_full = number * 2 >= self.limit
            changed, self._half_full = half_full != self._half_full, half_full
            if changed:
                return "broker_queue_half_full" if half_full else "broker_queue_has_room"
        elif topic == DROPPED_TOPIC.encode():
            # The broker counts from its start: the first number says nothing about now, a smaller one: it restarted.
            before, self.dropped = self.dropped, number
            if before is not None and number > before:
                return "broker_dropped_messages"
        return None
