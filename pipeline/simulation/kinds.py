"""What the simulated kinds of machines measure, and how they fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Signal:
    """One measured quantity: `usual` plus a daily cycle, a slow drift and noise; kept between `least` and `most`."""

    unit: str
    usual: float
    daily: float
    drift: float
    noise: float
    least: float
    most: float
    decimals: int = 2


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong now and then: `pushes` are added to signals at its height, `state` is what the machine says."""

    name: str
    pushes: Mapping[str, float] = field(default_factory=dict)
    state: str | None = None
    door_open: bool = False
    stuck: bool = False
    """The sensors repeat what they measured when it began."""
    silent: bool = False
    """Nothing comes at all."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of machine."""

    name: str
    signals: Mapping[str, Signal]
    faults: tuple[Fault, ...]
    has_door: bool = False


_STUCK = Fault("stuck sensors", stuck=True)
_SILENT = Fault("no connection", silent=True)

PUMP = Kind(
    "pump",
    {
        "temperature": Signal("°C", 52, 4, 3, 0.4, -20, 160, 1),
        "pressure": Signal("bar", 6.2, 0.3, 0.3, 0.05, 0, 25),
        "flow": Signal("m³/h", 42, 5, 2, 0.6, 0, 90, 1),
        "vibration": Signal("mm/s", 2.1, 0.2, 0.3, 0.12, 0, 40),
        "current": Signal("A", 18, 1.5, 0.8, 0.2, 0, 60, 1),
    },
    (
        Fault("bearing wear", {"vibration": 9.5, "temperature": 34, "current": 4}),
        Fault("blocked outlet", {"pressure": 6.5, "flow": -38, "temperature": 12, "current": 7}, state="blocked"),
        _STUCK,
        _SILENT,
    ),
)
COMPRESSOR = Kind(
    "compressor",
    {
        "temperature": Signal("°C", 74, 5, 3, 0.5, -20, 200, 1),
        "coolant_temperature": Signal("°C", 58, 5, 2, 0.4, -20, 160, 1),
        "pressure": Signal("bar", 8.4, 0.2, 0.3, 0.06, 0, 30),
        "vibration": Signal("mm/s", 2.8, 0.2, 0.3, 0.15, 0, 40),
        "current": Signal("A", 64, 5, 3, 0.8, 0, 160, 1),
    },
    (
        Fault("lost coolant", {"temperature": 48, "coolant_temperature": -6, "current": 6}),
        Fault("leaking valve", {"pressure": -3.4, "current": 14}),
        Fault("loose mounting", {"vibration": 8.5}),
        _STUCK,
    ),
)
OVEN = Kind(
    "oven",
    {
        "temperature": Signal("°C", 215, 3, 4, 0.8, 0, 400, 1),
        "power": Signal("kW", 36, 3, 2, 0.5, 0, 90, 1),
        "humidity": Signal("%", 11, 1, 1.5, 0.3, 0, 100, 1),
    },
    (
        Fault("door left open", {"temperature": -70, "power": 28}, door_open=True),
        Fault("runaway heater", {"temperature": 75, "power": 22}),
        _SILENT,
    ),
    has_door=True,
)
TANK = Kind(
    "tank",
    {
        "level": Signal("%", 62, 9, 6, 0.25, 0, 100, 1),
        "temperature": Signal("°C", 21, 3, 1, 0.1, -20, 90, 1),
        "pressure": Signal("bar", 1.4, 0.05, 0.05, 0.01, 0, 6),
    },
    (
        Fault("leak", {"level": -52, "pressure": -0.3}),
        Fault("overfilled", {"level": 34, "pressure": 0.5}, state="inlet stuck"),
        _STUCK,
    ),
)
CHILLER = Kind(
    "chiller",
    {
        "supply_temperature": Signal("°C", 6.5, 0.6, 0.4, 0.1, -20, 50),
        "return_temperature": Signal("°C", 12.4, 1.2, 0.6, 0.15, -20, 60),
        "flow": Signal("m³/h", 88, 8, 4, 1.1, 0, 180, 1),
        "power": Signal("kW", 112, 14, 5, 1.5, 0, 260, 1),
    },
    (
        Fault("fouled condenser", {"supply_temperature": 6.5, "return_temperature": 7, "power": 55}),
        Fault("pump failure", {"flow": -85, "supply_temperature": -3}, state="tripped"),
        _SILENT,
    ),
)
KINDS: tuple[Kind, ...] = (PUMP, COMPRESSOR, OVEN, TANK, CHILLER)
