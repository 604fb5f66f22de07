"""Live values: what the projector announces on Redis, thinned out so that no client drowns.

Announcements may be missed; the next one carries the newer value anyway.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from pipeline.errors import InvalidInput
from pipeline.instants import format_instant
from pipeline.process.logs import get_log
from sinks.redis.updates import CHANNEL, TelemetryUpdate, Updates, decode_updates

EMIT_EVERY_SECONDS = 0.2
MOST_DEVICES_PENDING = 5_000
MOST_DEVICES_PER_EMIT = 500
_BACK_OFF_SECONDS = (0.5, 1.0, 2.0, 5.0)
_PING_EVERY_SECONDS = 5.0
_SILENT_SECONDS = 15.0

Item = TypeVar("Item")


class Emitter(Protocol):
    """Where thinned-out updates go."""

    async def emit(self, event: str, document: dict[str, Any]) -> None:
        """Send an event to everybody who listens."""


class Pending(Generic[Item]):
    """The latest of each device until it is taken; the device that waits longest goes first.

    At most `most` devices: beyond that, what waits longest is dropped and counted.
    """

    def __init__(self, merge: Callable[[Item, Item], Item], most: int = MOST_DEVICES_PENDING) -> None:
        self._items: OrderedDict[str, Item] = OrderedDict()
        self._merge = merge
        self._most = most
        self.dropped = 0

    def put(self, device_id: str, item: Item) -> None:
        """Add an item; `merge` makes one of it and of what still waits for the device."""
        if device_id in self._items:
            item = self._merge(self._items[device_id], item)
        elif len(self._items) >= self._most:
            self._items.popitem(last=False)
            self.dropped += 1
        self._items[device_id] = item

    def take(self, most: int = MOST_DEVICES_PER_EMIT) -> list[Item]:
        """Remove and return the items of up to `most` devices."""
        return [self._items.popitem(last=False)[1] for _ in range(min(most, len(self._items)))]


def merge_telemetry(older: TelemetryUpdate, newer: TelemetryUpdate) -> TelemetryUpdate:
    """Both updates as one: of each key the value that came last."""
    return TelemetryUpdate(newer.device_id, max(older.ts, newer.ts), {**older.values, **newer.values})


def telemetry_document(update: TelemetryUpdate) -> dict[str, Any]:
    """One device's entry in a `telemetry_update`."""
    return {
        "device_id": update.device_id,
        "timestamp": format_instant(update.ts),
        "values": dict(update.values),
    }


class LiveUpdates:
    """Listens on Redis and emits `telemetry_update` and `device_update`, each at most five times a second."""

    def __init__(self, redis: Redis, emitter: Emitter) -> None:
        self._redis = redis
        self._emitter = emitter
        self._log = get_log("updates")
        self._telemetry: Pending[TelemetryUpdate] = Pending(merge_telemetry)
        self._devices: Pending[Mapping[str, Any]] = Pending(lambda _, newer: newer)

    async def listen(self) -> None:
        """Take announcements until cancelled; while Redis is away, try again and again."""
        failures = 0
        while True:
            try:
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(CHANNEL)
                    self._log.info("listening", channel=CHANNEL)
                    failures = 0
                    await self._take_from(channel)
            except (RedisError, OSError, TimeoutError) as error:
                pause = _BACK_OFF_SECONDS[min(failures, len(_BACK_OFF_SECONDS) - 1)]
                failures += 1
                self._log.warning("updates_interrupted", error=f"{type(error).__name__}: {error}")
                await asyncio.sleep(pause)

    async def _take_from(self, channel: PubSub) -> None:
        clock = asyncio.get_running_loop().time
        heard = pinged = clock()
        while True:
            message = await channel.get_message(ignore_subscribe_messages=True, timeout=1.0)
            now = clock()
            if message is not None:
                heard = now
                if message["type"] == "message":
                    with contextlib.suppress(InvalidInput):
                        self.accept(decode_updates(message["data"]))
            elif now - heard > _SILENT_SECONDS:
                raise TimeoutError(f"Redis has answered nothing for {_SILENT_SECONDS:g} s")
            if now - pinged > _PING_EVERY_SECONDS:
                pinged = now
                await channel.ping()

    async def emit_forever(self) -> None:
        """Emit what is pending five times a second until cancelled."""
        while True:
            await asyncio.sleep(EMIT_EVERY_SECONDS)
            await self.emit_pending()

    async def emit_pending(self) -> None:
        """Emit what is pending now, one event of each kind."""
        if updates := self._telemetry.take():
            await self._emitter.emit("telemetry_update", {"updates": [telemetry_document(each) for each in updates]})
        if devices := self._devices.take():
            await self._emitter.emit("device_update", {"devices": [dict(each) for each in devices]})

    def accept(self, updates: Updates) -> None:
        """Put what an announcement says to what is pending."""
        for update in updates.telemetry:
            self._telemetry.put(update.device_id, update)
        for device in updates.devices:
            self._devices.put(str(device.get("device_id")), device)
