"""The platform's own processes: does each answer on its port, and is it ours that does?"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from pathlib import Path

import aiohttp

from pipeline.cli.checks.finding import Finding
from pipeline.cli.checks.reach import short
from pipeline.cli.stack.plan import LOOPBACK
from pipeline.cli.stack.ports import holder_of
from pipeline.settings import Settings

ANSWER_SECONDS = 5


async def check_processes(settings: Settings, env_file: Path) -> list[Finding]:
    """Ask each for its metrics or its health."""
    pages = {
        "bridge": (settings.bridge_metrics_port, "/metrics"),
        "detect": (settings.detect_metrics_port, "/metrics"),
        "project": (settings.project_metrics_port, "/metrics"),
        "api": (settings.api_port, "/health"),
    }
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        return list(
            await asyncio.gather(*(_ask(session, name, port, path) for name, (port, path) in pages.items() if port))
        )


async def _ask(session: aiohttp.ClientSession, name: str, port: int, path: str) -> Finding:
    url = f"http://{LOOPBACK}:{port}{path}"
    see_logs = f"./run logs {name} says why."
    try:
        async with session.get(url) as reply:
            if reply.status == HTTPStatus.OK:
                return Finding(name, f"{url} answers")
            return Finding(name, f"{url} answers {reply.status}", see_logs)
    except aiohttp.ClientConnectorError:
        return Finding(name, f"nothing listens on port {port}", f"./run starts it; if it runs already, {see_logs}")
    except (aiohttp.ClientError, TimeoutError) as error:
        observation = f"port {port} is held by {holder_of(port)} and does not answer ({short(error)})"
        remedy = f"If that is another program: {name.upper()}_METRICS_PORT or API_PORT in .env. Else: {see_logs}"
        return Finding(name, observation, remedy)
