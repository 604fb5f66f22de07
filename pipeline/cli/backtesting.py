"""Reading what a backtest folds: the journal, or beyond its retention the stored telemetry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.alerts import Output
from pipeline.backtest import Candidate, Trial
from pipeline.cli.spans import Span
from pipeline.cli.stored_history import fold_stored, load_definitions
from pipeline.codec import decode
from pipeline.errors import InvalidInput, PlatformError
from pipeline.events import DeviceDefined, DeviceRemoved, Event
from pipeline.journal.identity import read_journal
from pipeline.journal.reader import StretchReader
from pipeline.partitioning import partition_for
from pipeline.settings import Settings
from pipeline.topics import EVENTS

Report = Callable[[int, int], None]
"""Called with what is done and what there is to do."""


@dataclass(frozen=True, slots=True)
class Backtested:
    """What each rule said, in the order of partitions and their records; why that is only nearly so, or nothing."""

    outputs: tuple[list[Output], ...]
    approximate: str = ""


@dataclass(frozen=True, slots=True)
class _Stretch:
    partition: int
    oldest: int
    start: int
    stop: int


async def backtest(
    settings: Settings,
    candidates: Sequence[Candidate],
    span: Span,
    device_id: str | None,
    applied: bool,
    report: Report,
) -> Backtested:
    """Fold a stretch of the journal, by time of receipt, once for all candidates.

    Everything before it that is still there is folded too, without the candidates, so that their series are what they
    were. With `applied` a candidate begins where the journal defines it, anywhere before the stretch's end, and
    `span.start` says nothing. Raises Kafka's and PostgreSQL's errors, and PlatformError if `applied` finds no
    definition.
    """
    reader = StretchReader(settings)
    await reader.start()
    try:
        stretches = await _find(reader, span, device_id)
        if not applied and any(_is_aged_out(each) for each in stretches):
            outputs = await fold_stored(settings, candidates, span, device_id, report)
            return Backtested(
                outputs,
                "the journal no longer reaches back to --from: made from the stored telemetry by time of measurement, "
                "with devices and policy as they are now",
            )
        definitions = await load_definitions(settings) if any(each.oldest for each in stretches) else []
        return await _fold(reader, stretches, candidates, definitions, device_id, applied, report)
    finally:
        await reader.stop()


async def _find(reader: StretchReader, span: Span, device_id: str | None) -> list[_Stretch]:
    partitions = (await read_journal(reader)).partitions
    wanted = range(partitions) if device_id is None else [partition_for(device_id, partitions)]
    starts = await reader.offsets_at(EVENTS.name, wanted, span.start)
    stops = await reader.offsets_at(EVENTS.name, wanted, span.stop)
    return [
        _Stretch(number, await reader.beginning_offset(EVENTS.name, number), starts[number], stops[number])
        for number in wanted
    ]


def _is_aged_out(stretch: _Stretch) -> bool:
    return stretch.oldest > 0 and stretch.start <= stretch.oldest


async def _fold(
    reader: StretchReader,
    stretches: Sequence[_Stretch],
    candidates: Sequence[Candidate],
    definitions: Sequence[Event],
    device_id: str | None,
    applied: bool,
    report: Report,
) -> Backtested:
    outputs: tuple[list[Output], ...] = tuple([] for _ in candidates)
    total, done, began = sum(each.stop - each.oldest for each in stretches), 0, False
    for stretch in stretches:
        begin = None if applied else stretch.start
        trials = [Trial(stretch.partition, candidate, begin, device_id) for candidate in candidates]
        for trial in trials:
            for definition in definitions:
                if _belongs(definition, stretch.partition, len(stretches), device_id):
                    trial.seed(definition, 0)
        async for batch in reader.stretch(EVENTS.name, stretch.partition, stretch.oldest, stretch.stop):
            for record in batch:
                event = _decoded(record.headers, record.value)
                for trial in trials:
                    trial.take(record.offset, record.timestamp, event)
            done += len(batch)
            report(done, total)
        for kept, trial in zip(outputs, trials, strict=True):
            kept += trial.outputs
            began = began or trial.began
    if applied and not began:
        raise PlatformError(
            "--from applied: the journal does not define this very rule; apply it first, or give --from a time"
        )
    report(total, total)
    partly = any(each.oldest for each in stretches) and not applied
    return Backtested(
        outputs,
        "definitions older than the journal are taken as they are now, and series begin with it" if partly else "",
    )


def _decoded(headers: tuple[tuple[str, bytes], ...], body: bytes | None) -> Event | None:
    try:
        return decode(headers, body)
    except InvalidInput:
        return None


def _belongs(event: Event, partition: int, partitions: int, device_id: str | None) -> bool:
    if not isinstance(event, DeviceDefined | DeviceRemoved):
        return True
    owner = event.device.device_id if isinstance(event, DeviceDefined) else event.device_id
    if device_id is not None:
        return owner == device_id
    return partition_for(owner, partitions) == partition
