"""What is up. Looked at every few seconds in the background, so that asking costs nothing and never waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from api.probes import Probe
from pipeline.instants import format_instant

EVERY_SECONDS = 3.0
STALE_SECONDS = 15.0
VERSION = "2.0"
Status = Literal["healthy", "degraded", "unhealthy"]
ESSENTIAL = frozenset({"database", "kafka"})
"""Without these, nothing is stored or alerted; without the others, something is slower or late."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a round found: each part with None or what is wrong; `age_seconds` since the round."""

    findings: Mapping[str, str | None] = field(default_factory=dict)
    age_seconds: float = 0.0


def judge(report: Report) -> Status:
    """The one word for it all. No round yet, or none for a while, is unhealthy: nobody knows."""
    if not report.findings or report.age_seconds > STALE_SECONDS:
        return "unhealthy"
    broken = {name for name, finding in report.findings.items() if finding is not None}
    if broken & ESSENTIAL:
        return "unhealthy"
    return "degraded" if broken else "healthy"


def health_document(report: Report, now: int) -> dict[str, Any]:
    """The answer of GET /health; each part is "ok" or "unavailable", `details` says why in words."""
    parts = {name: "ok" if finding is None else "unavailable" for name, finding in report.findings.items()}
    return {
        "status": judge(report),
        "version": VERSION,
        "timestamp": format_instant(now),
        "database": "unavailable",
        **parts,
        "details": {name: finding for name, finding in report.findings.items() if finding is not None},
    }


class HealthMonitor:
    """Asks all probes at once, again and again; `report()` gives what the last round found."""

    def __init__(self, probes: Mapping[str, Probe], *, every_seconds: float = EVERY_SECONDS) -> None:
        self._probes = probes
        self._every = every_seconds
        self._findings: Mapping[str, str | None] = {}
        self._looked_at = 0.0

    def report(self) -> Report:
        """The last round's findings; never waits."""
        return Report(self._findings, time.monotonic() - self._looked_at)

    async def run(self) -> None:
        """Look until cancelled; each probe bounds its own time."""
        while True:
            findings = await asyncio.gather(*(probe() for probe in self._probes.values()))
            self._findings = dict(zip(self._probes, findings, strict=True))
            self._looked_at = time.monotonic()
            await asyncio.sleep(self._every)
