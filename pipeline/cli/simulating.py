"""Running a simulated plant against the broker."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType

import orjson
import typer

from pipeline.cli.pacing import Pace, shift_to_now
from pipeline.cli.publishing import Publisher, telemetry_topic
from pipeline.instants import format_instant
from pipeline.settings import load_settings
from pipeline.simulation.plant import Plant, SimulatedDevice, read_device

_SAY_EVERY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Moment:
    """One device's turn; `at` in milliseconds since the epoch."""

    at: int
    device: SimulatedDevice


def moments(devices: tuple[SimulatedDevice, ...], start: int, interval: int, duration: int | None) -> Iterator[Moment]:
    """Every device's turns from `start` on, spread evenly over each interval, in the order of time."""
    began = start
    while duration is None or began < start + duration:
        for index, device in enumerate(devices):
            yield Moment(began + interval * index // len(devices), device)
        began += interval


def run_plant(plant: Plant, interval: int, duration: int | None, speed: float | None) -> None:
    """Publish until `duration` milliseconds of plant time are over (None: until told to stop) and print the counts.

    SIGTERM and Ctrl-C end it in order. Raises Unreachable.
    """
    publisher = Publisher(load_settings(), "simulate")
    publisher.connect()
    now = time.time_ns() // 1_000_000
    start = now + (shift_to_now(0, duration, 0, speed) if duration is not None else 0)
    print(f"{len(plant.devices)} devices, one message each every {interval / 1000:g} s; Ctrl-C stops", flush=True)
    began = said = time.monotonic()
    pace = Pace(speed, start)
    code = 0
    try:
        with _interruptible():
            for moment in moments(plant.devices, start, interval, duration):
                _wait(began + pace.due_after(moment.at))
                values = read_device(plant, moment.device, moment.at)
                if values is not None:
                    payload = orjson.dumps({"timestamp": format_instant(moment.at), **values})
                    publisher.publish(telemetry_topic(moment.device.device_id), payload)
                if time.monotonic() - said >= _SAY_EVERY_SECONDS:
                    said = time.monotonic()
                    print(f"{publisher.acknowledged:,} messages acknowledged", flush=True)
            publisher.drain()
    except KeyboardInterrupt:
        code = 0 if duration is None else 130
    finally:
        publisher.close()
        seconds = time.monotonic() - began
        print(
            f"{publisher.acknowledged:,} of {publisher.published:,} messages acknowledged in {seconds:.1f} s"
            f" ({publisher.acknowledged / seconds:,.0f}/s)",
            flush=True,
        )
    if code or publisher.refused:
        raise typer.Exit(code or 1)


class _interruptible:  # noqa: N801  reads as a statement
    """While it lasts, SIGTERM interrupts as Ctrl-C does."""

    def __enter__(self) -> None:
        self._before: Callable[[int, FrameType | None], object] | int | None = signal.signal(
            signal.SIGTERM, signal.default_int_handler
        )

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGTERM, self._before)


def _wait(until: float) -> None:
    seconds = until - time.monotonic()
    if seconds > 0:
        time.sleep(seconds)
