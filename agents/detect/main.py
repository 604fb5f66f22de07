"""The detection process: `iiot detect`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from uuid import uuid4

from agents.detect.snapshot_store import SnapshotStore
from agents.detect.taking import Taker
from agents.faust_app import follow, make_app, running
from agents.ownership import Owner
from pipeline.journal.clients import make_producer
from pipeline.journal.identity import read_journal
from pipeline.journal.reader import StretchReader
from pipeline.journal.writer import JournalWriter
from pipeline.process.logs import get_log
from pipeline.process.watchdog import Watchdog
from pipeline.process.workdir import WorkDir
from pipeline.settings import Settings
from pipeline.topics import DETECT_APP, EVENTS, SNAPSHOT_TABLE
from sinks.quarantine import QuarantineWriter


async def run(settings: Settings, watchdog: Watchdog) -> None:
    """Fold the partitions that Faust assigns until cancelled; raises what a restart or a person must mend."""
    async with contextlib.AsyncExitStack() as stack:
        reader = StretchReader(settings)
        await reader.start()
        stack.push_async_callback(reader.stop)
        journal = await read_journal(reader)
        producer = make_producer(settings)
        await producer.start()
        stack.push_async_callback(producer.stop)

        work_dir = WorkDir(settings.data_dir, "detect")
        app = make_app(DETECT_APP, settings, partitions=journal.partitions, data_dir=work_dir.path)
        table = app.Table(SNAPSHOT_TABLE, key_type=bytes, value_type=bytes, partitions=journal.partitions)
        worker_id = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
        taker = Taker(
            worker_id=worker_id,
            journal=journal,
            writer=JournalWriter(producer, journal.partitions),
            reader=reader,
            store=SnapshotStore(table, producer),
            producer=producer,
            quarantine=QuarantineWriter(producer, journal.partitions),
        )
        owner = Owner("detect", taker.take, reader)
        stack.push_async_callback(owner.close)
        follow(app, [EVENTS.name], owner, watchdog)
        get_log("detect").info("started", worker=worker_id, journal=journal.journal_id, files=str(work_dir.path))
        await stack.enter_async_context(running(app))
        keeping = asyncio.create_task(owner.run())
        stack.callback(keeping.cancel)
        await keeping
