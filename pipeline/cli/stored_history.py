"""What PostgreSQL remembers beyond the journal's retention: definitions as they are now, and telemetry."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

import msgspec
import orjson

from pipeline.alerts import AlertEvent, Output
from pipeline.backtest import Candidate, Trial, warm_up_ms
from pipeline.cli.spans import Span
from pipeline.events import (
    Device,
    DeviceDefined,
    Event,
    PolicyDefined,
    Reading,
    Readings,
    Scalar,
    Silence,
    SilenceDefined,
    Ticked,
)
from pipeline.instants import from_datetime, to_datetime
from pipeline.policy import Policy
from pipeline.settings import Settings
from sinks.postgres.connect import Pool, make_pool, transaction

_PAGE = 5_000
_TICK_MS = 60_000


async def load_definitions(settings: Settings) -> list[Event]:
    """The devices, silences and the policy in force, as the events that would define them."""
    async with make_pool(settings, max_size=1) as pool, transaction(pool) as connection:
        rows = await connection.fetch(
            "SELECT kind, version, body FROM registry WHERE version > 0 AND NOT removed ORDER BY kind, id"
        )
    return [event for row in rows if (event := _definition(row["kind"], row["version"], row["body"])) is not None]


async def fold_stored(
    settings: Settings,
    candidates: Sequence[Candidate],
    span: Span,
    device_id: str | None,
    report: Callable[[int, int], None],
) -> tuple[list[Output], ...]:
    """What the candidates say of the stored telemetry, device by device, after a warm-up of the longest window.

    Each measurement counts as received when it was made. Where nothing came for longer, a tick passes each minute.
    """
    definitions = await load_definitions(settings)
    since = span.start - max(warm_up_ms(candidate.rule) for candidate in candidates)
    outputs: tuple[list[Output], ...] = tuple([] for _ in candidates)
    async with make_pool(settings, max_size=1) as pool:
        devices = [device_id] if device_id is not None else await _devices(pool)
        for number, device in enumerate(devices):
            trials = [Trial(0, candidate, 0) for candidate in candidates]
            for trial in trials:
                for event in definitions:
                    if not isinstance(event, DeviceDefined) or event.device.device_id == device:
                        trial.seed(event, since)
            offset = 0
            async for at, event in _with_ticks(_entries(pool, device, since, span.stop), since, span.stop):
                for trial in trials:
                    trial.take(offset, at, event)
                offset += 1
            for kept, trial in zip(outputs, trials, strict=True):
                kept += [output for output in trial.outputs if _lies_in(output, span)]
            report(number + 1, len(devices))
    return outputs


async def _devices(pool: Pool) -> list[str]:
    async with transaction(pool) as connection:
        return [row["device_id"] for row in await connection.fetch("SELECT device_id FROM devices ORDER BY 1")]


async def _entries(pool: Pool, device_id: str, since: int, stop: int) -> AsyncIterator[Reading]:
    """The device's measurements, all keys of one instant together."""
    at, values = to_datetime(since), dict[str, Scalar]()
    after = (at, "")
    while True:
        async with transaction(pool) as connection:
            rows = await connection.fetch(
                """SELECT ts, key, value, value_bool, value_text FROM telemetry
                WHERE device_id = $1 AND (ts, key) > ($2, $3) AND ts < $4 ORDER BY ts, key LIMIT $5""",
                device_id, *after, to_datetime(stop), _PAGE,
            )  # fmt: skip
        for row in rows:
            if row["ts"] != at:
                if values:
                    yield Reading(device_id, from_datetime(at), values)
                at, values = row["ts"], {}
            found = next((row[name] for name in ("value", "value_bool", "value_text") if row[name] is not None), None)
            if found is not None:
                values[row["key"]] = found
        if len(rows) < _PAGE:
            break
        after = (rows[-1]["ts"], rows[-1]["key"])
    if values:
        yield Reading(device_id, from_datetime(at), values)


async def _with_ticks(
    entries: AsyncIterator[Reading], since: int, stop: int
) -> AsyncIterator[tuple[int, Readings | Ticked]]:
    due = since + _TICK_MS
    async for entry in entries:
        while due < entry.ts:
            yield due, Ticked(_TICK_MS)
            due += _TICK_MS
        yield entry.ts, Readings((entry,))
    while due < stop:
        yield due, Ticked(_TICK_MS)
        due += _TICK_MS


def _lies_in(output: Output, span: Span) -> bool:
    return span.start <= output.at < span.stop if isinstance(output, AlertEvent) else True


def _definition(kind: str, version: int, body: str) -> Event | None:
    document = orjson.loads(body)
    match kind:
        case "device":
            return DeviceDefined(version, msgspec.convert(document, Device))
        case "silence":
            return SilenceDefined(version, msgspec.convert(document, Silence))
        case "policy":
            return PolicyDefined(version, msgspec.convert(document, Policy))
    return None
