"""The web application: its routes and what every answer carries."""

from __future__ import annotations

import html
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.health import HealthMonitor, health_document, judge
from api.loopback import names_this_machine
from api.realtime import Realtime

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

MAX_BODY_BYTES = 64 * 1024
HEALTH = web.AppKey("health", HealthMonitor)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Server": "insa-iiot",
}


def make_app(health: HealthMonitor, realtime: Realtime) -> web.Application:
    """The application; serving it is the caller's."""
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_only_this_machine])
    app[HEALTH] = health
    app.router.add_get("/", _index)
    app.router.add_get("/health", _health)
    app.router.add_get("/health/live", _live)
    app.router.add_get("/metrics", _metrics)
    realtime.attach(app)
    app.on_response_prepare.append(_add_headers)
    return app


@web.middleware
async def _only_this_machine(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what was sent to another name than this machine's: a page of another site sent it."""
    if not names_this_machine(request.headers.get("Host", "")):
        raise web.HTTPMisdirectedRequest(text="use the address http://127.0.0.1 or http://localhost\n")
    return await handler(request)


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)


async def _health(request: web.Request) -> web.Response:
    report = request.app[HEALTH].report()
    status = HTTPStatus.SERVICE_UNAVAILABLE if judge(report) == "unhealthy" else HTTPStatus.OK
    document = health_document(report, time.time_ns() // 1_000_000)
    return web.json_response(document, status=status, headers={"Cache-Control": "no-store"})


async def _live(_: web.Request) -> web.Response:
    return web.json_response({"status": "alive"})


async def _metrics(_: web.Request) -> web.Response:
    return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _index(request: web.Request) -> web.Response:
    report = request.app[HEALTH].report()
    rows = "".join(
        f"<li>{html.escape(name)}: {'ok' if finding is None else html.escape(finding)}</li>"
        for name, finding in report.findings.items()
    )
    return web.Response(text=_PAGE.format(status=judge(report), rows=rows), content_type="text/html")


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Industrial IoT platform</title></head>
<body>
<h1>Industrial IoT platform</h1>
<p>Devices send telemetry over MQTT; it is stored, judged by rules, and turned into alerts.</p>
<h2>Now: {status}</h2>
<ul>{rows}</ul>
<h2>Where things are</h2>
<ul>
<li><a href="/health">/health</a>: the same as JSON</li>
<li><a href="/metrics">/metrics</a>: for Prometheus</li>
<li>/socket.io/: live <code>alert</code>, <code>telemetry_update</code> and <code>device_update</code> events</li>
<li>On the command line: <code>iiot status</code>, <code>iiot tail alerts</code>, <code>iiot rules list</code>,
<code>iiot --help</code></li>
</ul>
<p>This server listens on this machine only, because nobody has to log in yet.</p>
</body></html>
"""
