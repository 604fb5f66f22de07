"""An alarm as the measures see it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alert; instants in milliseconds: `opened_at` and `ended_at` by the device's clock, the others the platform's.

    `ended_at` is None while it is open, `acknowledged_at` while nobody has acknowledged it.
    """

    rule_id: str
    rule_name: str
    device_id: str
    opened_at: int
    ended_at: int | None
    appeared_at: int
    acknowledged_at: int | None
    silenced: bool = False
