"""Writing the cache and the channel: one round trip per batch, best effort, never newer overwritten by older."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

import msgspec
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from pipeline.process import metrics
from pipeline.process.logs import get_log
from pipeline.settings import Settings
from sinks.redis.entries import Entry
from sinks.redis.updates import CHANNEL, Updates, encode_updates

_SECONDS = 0.5
_PAUSE_SECONDS = 3.0
_LOG_EVERY_SECONDS = 30.0
_ENTRIES_AT_ONCE = 4_000
_POOL = 50

# ARGV[1]: a MessagePack list of {key, as_of, seconds, body}. The number that begins the stored body decides; a list
# in one argument because a client spends more time on four thousand arguments than Redis on setting the keys.
# ARGV[2]: the channel; what follows are its messages.
_SET_NEWER = """
local written = 0
for _, entry in ipairs(cmsgpack.unpack(ARGV[1])) do
  local held = string.match(redis.call('GETRANGE', entry[1], 0, 31), '^{"as_of":(%-?%d+)')
  if not held or tonumber(held) < entry[2] then
    redis.call('SET', entry[1], entry[4], 'EX', entry[3])
    written = written + 1
  end
end
for place = 3, #ARGV do
  redis.call('PUBLISH', ARGV[2], ARGV[place])
end
return written
"""


def make_redis(settings: Settings) -> Redis:
    """A client with a pool of 50 connections on which nothing waits for long; connects when first used."""
    return Redis(
        host=settings.redis_host,
        port=settings.redis_port,
        db=settings.redis_db,
        password=settings.redis_password.get_secret_value() or None,
        max_connections=_POOL,
        socket_timeout=_SECONDS,
        socket_connect_timeout=_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


class Caches:
    """Writes entries and updates. Without Redis every call returns quickly and something is counted, no more."""

    def __init__(self, redis: Redis, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._clock = clock
        self._paused_until = 0.0
        self._logged_at = float("-inf")

    async def write(self, entries: Sequence[Entry], updates: Updates | None = None) -> None:
        """Set what is newer than what is held and publish the updates; never raises for want of Redis.

        After a failure Redis is left alone for three seconds, so that one that hangs costs little.
        """
        messages = encode_updates(updates) if updates else []
        if not entries and not messages:
            return
        if self._clock() < self._paused_until:
            metrics.CACHE_WRITES.labels("skipped").inc(len(entries))
            return
        try:
            async with asyncio.timeout(2 * _SECONDS):
                written = await self._send(entries, messages)
        except (RedisError, OSError, TimeoutError) as error:
            self._failed(error, len(entries))
            return
        metrics.CACHE_WRITES.labels("written").inc(written)
        metrics.CACHE_WRITES.labels("older").inc(len(entries) - written)

    async def _send(self, entries: Sequence[Entry], messages: Sequence[bytes]) -> int:
        head = entries[:_ENTRIES_AT_ONCE]
        written = int(await self._redis.eval(_SET_NEWER, 0, msgspec.msgpack.encode(head), CHANNEL, *messages))
        if len(entries) > _ENTRIES_AT_ONCE:
            written += await self._send(entries[_ENTRIES_AT_ONCE:], ())
        return written

    def _failed(self, error: Exception, entries: int) -> None:
        now = self._clock()
        self._paused_until = now + _PAUSE_SECONDS
        metrics.CACHE_WRITES.labels("failed").inc(entries)
        if now - self._logged_at >= _LOG_EVERY_SECONDS:
            self._logged_at = now
            get_log("redis").warning("cache_unavailable", error=f"{type(error).__name__}: {str(error)[-200:]}")
