"""How a process runs: logs, uvloop, a loopback page for metrics and liveness, signals, exit codes.

Exit codes: 0 stopped on request, 70 gave up so that the supervisor starts it anew, 78 a person must mend something.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NoReturn

import uvloop
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from pipeline.errors import JournalMismatch, SettingsError, UnknownVersion
from pipeline.process.logs import configure_logs, get_log
from pipeline.process.watchdog import EXIT_CODE, Watchdog
from pipeline.settings import Settings

EXIT_NEEDS_A_PERSON = 78
_STOP_SECONDS = 20.0
_NEEDS_A_PERSON = (JournalMismatch, SettingsError, UnknownVersion)

Main = Callable[[Settings, Watchdog], Awaitable[None]]
"""A process: runs until cancelled; cleans up in `finally`."""


def run_process(name: str, main: Main, settings: Settings, *, metrics_port: int | None) -> NoReturn:
    """Run a process until SIGINT or SIGTERM, then end it with its exit code. Serves /metrics and /health/live on
    loopback if a port is given; a taken port is no reason to stop: another worker of this kind has it."""
    configure_logs(settings.log_level)
    log = get_log(name)
    code = 0
    try:
        uvloop.run(_supervise(name, main, settings, metrics_port))
        log.info("stopped")
    except _NEEDS_A_PERSON as error:
        log.error("needs_a_person", error=str(error))
        code = EXIT_NEEDS_A_PERSON
    except Exception:
        log.error("crashed", exc_info=True)
        code = EXIT_CODE
    _leave(code)


def _leave(code: int) -> NoReturn:
    """End at once: threads of libraries that wait for servers would hold the interpreter up, perhaps for ever."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


async def _supervise(name: str, main: Main, settings: Settings, metrics_port: int | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stop.set)
    watchdog = Watchdog()
    async with contextlib.AsyncExitStack() as stack:
        if metrics_port is not None:
            await stack.enter_async_context(_served(name, metrics_port))
        watching = asyncio.create_task(watchdog.run())
        running = asyncio.ensure_future(main(settings, watchdog))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({watching, running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            running.cancel()
            if not (await asyncio.wait({running}, timeout=_STOP_SECONDS))[0]:
                # A client waits for a server that is away; nothing depends on a clean stop.
                get_log(name).warning("stop_took_too_long", seconds=_STOP_SECONDS)
                _leave(EXIT_CODE)
            watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            running.result()
        if watching.done() and not watching.cancelled():
            watching.result()


@contextlib.asynccontextmanager
async def _served(name: str, port: int) -> AsyncIterator[None]:
    app = web.Application()
    app.router.add_get("/metrics", _metrics)
    app.router.add_get("/health/live", _live)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            get_log(name).info("serving_metrics", port=port)
        except OSError as error:
            get_log(name).warning("metrics_port_taken", port=port, error=str(error))
        yield
    finally:
        await runner.cleanup()


async def _metrics(_: web.Request) -> web.Response:
    return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _live(_: web.Request) -> web.Response:
    return web.json_response({"status": "alive"})
