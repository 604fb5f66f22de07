"""`iiot simulate`: a plant that sends through MQTT as real devices would."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from pipeline.cli.pacing import parse_speed
from pipeline.errors import PlatformError

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)?")
_SECONDS = {"ms": 0.001, "s": 1, None: 1, "m": 60, "h": 3600, "d": 86_400}


def simulate(
    devices: Annotated[int, typer.Option(min=1, max=100_000, help="How many devices.")] = 10,
    interval: Annotated[str, typer.Option(help="How often each sends, such as 500ms, 1s, 5m.")] = "1s",
    duration: Annotated[str | None, typer.Option(help="How much plant time, such as 10m.  [default: for ever]")] = None,
    speed: Annotated[str, typer.Option(help="How many times faster than life; 'max': as fast as it goes.")] = "1",
    seed: Annotated[int, typer.Option(help="Another seed is another plant; the same one repeats itself.")] = 1,
    prefix: Annotated[str, typer.Option(help="What the devices' ids start with.")] = "sim-",
) -> None:
    """Simulate pumps, compressors, ovens, tanks and chillers with daily cycles, noise, drifts and faults.

    Each sends one message per interval. Faster than life, a plant starts in the past and ends now: times from the
    future are refused.

    Examples:

      iiot simulate --devices 50 --interval 500ms

      iiot simulate --devices 200 --duration 1h --speed max
    """
    factor = parse_speed(speed)
    length = None if duration is None else parse_duration(duration, "--duration")
    if length is None and (factor is None or factor > 1):
        raise PlatformError("--speed above 1 needs --duration: times from the future are refused")
    step = parse_duration(interval, "--interval")

    from pipeline.cli.simulating import run_plant
    from pipeline.identifiers import check_identifier
    from pipeline.simulation.plant import Plant, make_devices

    made = make_devices(devices, prefix)
    check_identifier(made[0].device_id, "--prefix")
    run_plant(Plant(seed, made), step, length, factor)


def parse_duration(text: str, option: str) -> int:
    """Milliseconds from text such as 500ms, 1.5s, 10m, 2h; raises PlatformError that names the option."""
    match = _DURATION.fullmatch(text.strip())
    milliseconds = round(float(match[1]) * _SECONDS[match[2]] * 1000) if match else 0
    if not 1 <= milliseconds <= 100 * 365 * 86_400_000:
        raise PlatformError(f"{option}: use a number with ms, s, m, h or d, such as 500ms or 10m")
    return milliseconds
