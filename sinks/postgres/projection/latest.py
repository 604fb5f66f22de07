"""The newest values that a batch brought of each device, for caches and for those who watch."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.events import Scalar


class Latest:
    """The newest value and its time, per key of one device; of equal times the first value counts."""

    __slots__ = ("stamps", "ts", "values")

    def __init__(self, ts: int, values: Mapping[str, Scalar]) -> None:
        self.ts = ts
        self.values: dict[str, Scalar] = dict(values)
        self.stamps: dict[str, int] = dict.fromkeys(values, ts)

    def add(self, ts: int, values: Mapping[str, Scalar]) -> None:
        """Take in what came with one reading."""
        if ts > self.ts:
            self.ts = ts
            self.values.update(values)
            self.stamps.update(dict.fromkeys(values, ts))
            return
        for key, value in values.items():
            if ts > self.stamps.get(key, ts - 1):
                self.stamps[key] = ts
                self.values[key] = value
