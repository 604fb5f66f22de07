"""What became of the readings of a record: for metrics, never for decisions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """Counts of values (one key of one entry); `forgotten` counts timestamps that had to be forgotten early.

    `ignored`: of unknown devices while these are not accepted, and of removed or inactive devices.
    """

    applied: int = 0
    late: int = 0
    too_late: int = 0
    duplicate: int = 0
    ignored: int = 0
    forgotten: int = 0
