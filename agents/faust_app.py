"""A Faust app the way this platform uses Faust: it assigns partitions, keeps changelogs, and wakes us.

Nothing rests on its acknowledgements, so an event counts as done as soon as it was passed on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import faust

from agents.ownership import HEARTBEAT_SECONDS, SESSION_SECONDS, Owner
from pipeline.journal.records import Record
from pipeline.process.logs import get_log
from pipeline.process.watchdog import Watchdog
from pipeline.settings import Settings

_STOP_SECONDS = 8.0
_ASSIGNMENT_PATIENCE = 90.0
_PROGRESS_PATIENCE = 60.0


class App(faust.App):  # type: ignore[misc]
    """Says when a rebalance begins, before Faust waits for events that are under way."""

    on_rebalance_begun: Callable[[], None] = staticmethod(lambda: None)

    def on_rebalance_start(self) -> None:
        """Called by Faust first of all in a rebalance."""
        self.on_rebalance_begun()
        super().on_rebalance_start()


def make_app(app_id: str, settings: Settings, *, partitions: int, data_dir: Path) -> App:
    """An app with the settings that were found to be safe; not started."""
    servers = settings.kafka_bootstrap_servers.split(",")
    return App(
        app_id,
        broker=";".join(f"kafka://{server.strip()}" for server in servers),
        store="rocksdb://",
        datadir=str(data_dir),
        topic_partitions=partitions,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        web_enabled=False,
        broker_session_timeout=SESSION_SECONDS,
        broker_heartbeat_interval=HEARTBEAT_SECONDS,
        broker_rebalance_timeout=30.0,
        broker_max_poll_interval=300.0,
        broker_commit_interval=5.0,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=2 * 2**20,
        stream_buffer_maxsize=256,
        stream_wait_empty=True,
        key_serializer="raw",
        value_serializer="raw",
        worker_redirect_stdouts=False,
    )


def follow(app: App, topics: Sequence[str], owner: Owner, watchdog: Watchdog) -> None:
    """Connect the app to an owner: its assignments decide what is owned, its events are received."""
    names = frozenset(topics)
    assigned = _Assigned()

    async def pass_on(stream: Any) -> None:
        async for event in stream.events():
            await owner.receive(_record(event.message))

    for name in topics:
        topic = app.topic(name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
        app.agent(topic, name=f"follow-{name}")(pass_on)

    async def on_assigned(app: App, **_: Any) -> None:
        assigned.once = True
        owner.assign((tp.topic, tp.partition) for tp in app.consumer.assignment() if tp.topic in names)

    app.on_rebalance_complete.connect(on_assigned, weak=False)
    app.on_rebalance_begun = owner.revoke_all
    watchdog.watch("partitions", owner.progress, _PROGRESS_PATIENCE)
    watchdog.watch("faust_crashed", lambda: _crash(app), 0.0)
    watchdog.watch("faust_assignment", lambda: assigned.check(), _ASSIGNMENT_PATIENCE)


@contextlib.asynccontextmanager
async def running(app: App) -> AsyncIterator[None]:
    """Run the app; leaving waits at most a few seconds for an orderly stop, for nothing depends on one."""
    starting = asyncio.ensure_future(app.start())
    try:
        yield
    finally:
        with contextlib.suppress(Exception, asyncio.CancelledError):
            await asyncio.wait_for(app.stop(), _STOP_SECONDS)
        starting.cancel()
        with contextlib.suppress(Exception, asyncio.CancelledError):
            await starting
        get_log("faust").info("faust_stopped")


class _Assigned:
    def __init__(self) -> None:
        self.once = False

    def check(self) -> str | None:
        return None if self.once else "no assignment was completed since the start"


def _crash(app: App) -> str | None:
    return f"the Faust app crashed: {app.crash_reason!r}" if app.crashed else None


def _record(message: Any) -> Record:
    headers = message.headers or ()
    return Record(
        message.topic,
        message.partition,
        message.offset,
        round(message.timestamp * 1000),
        message.key,
        tuple(headers.items() if isinstance(headers, dict) else headers),
        message.value,
    )
