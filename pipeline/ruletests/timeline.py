"""The journal that a test's readings make: frames in the order of receipt, and a tick each second behind them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from pipeline.events import Reading, Readings, Scalar, Ticked
from pipeline.ruletests.model import Repeated, RuleTest

TICK_MS = 1000


def timeline(test: RuleTest, device_id: str) -> Iterator[tuple[int, Readings | Ticked]]:
    """(journal time, event) in order; `device_id` is that of readings that name none."""
    arrivals = sorted(_arrivals(test, device_id), key=lambda arrival: arrival[0])
    end = test.start + test.until if test.until is not None else max([test.start, *(at for at, _ in arrivals)])
    tick = test.start
    for at, reading in arrivals:
        if at > end:
            break
        while tick < at:
            yield tick, Ticked(TICK_MS)
            tick += TICK_MS
        yield at, Readings((reading,))
    while tick <= end:
        yield tick, Ticked(TICK_MS)
        tick += TICK_MS


def _arrivals(test: RuleTest, device_id: str) -> Iterator[tuple[int, Reading]]:
    keys = list(test.series)
    for number, row in enumerate(zip_longest(*[_spread(test.series[key]) for key in keys])):
        values: dict[str, Scalar] = {key: value for key, value in zip(keys, row, strict=True) if value is not None}
        at = test.start + number * test.interval
        if values:
            yield at, Reading(device_id, at, values)
    for extra in test.readings:
        at = test.start + extra.at
        received = at if extra.received is None else test.start + extra.received
        yield received, Reading(extra.device or device_id, at, extra.values)


def _spread(values: tuple[Scalar | Repeated | None, ...]) -> Iterator[Scalar | None]:
    for value in values:
        if isinstance(value, Repeated):
            yield from [value.value] * value.times
        else:
            yield value
