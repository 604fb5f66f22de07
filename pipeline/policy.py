"""What holds for the whole plant. A policy is an event; the environment only seeds the first one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """Plant-wide choices; durations in milliseconds."""

    auto_register: bool = True
    """Whether an unknown device is accepted; if not, its readings are quarantined."""
    lateness_ms: int = 60_000
    """How much older than the newest reading of its series a reading may be and still enter windows."""
    offline_after_ms: int = 300_000
    """After how much silence, in time that the platform listened, a device counts as offline; 0 means never."""
    notify_per_minute: int = 30
    """How many alerts of one rule may notify in a minute and partition; the rest are marked `digest`."""


DEFAULT_POLICY = Policy()
