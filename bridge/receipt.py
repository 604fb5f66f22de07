"""A time for messages that carry none."""

from __future__ import annotations

from collections import OrderedDict


class ReceiptClock:
    """Gives each device strictly increasing times of receipt, so that no two of its messages share one.

    Remembers the last time of the most recent devices only; for one it forgot, its next receipt is later anyway.
    """

    def __init__(self, devices: int = 100_000) -> None:
        self._devices = devices
        self._last: OrderedDict[str, int] = OrderedDict()

    def stamp(self, device_id: str, received_at: int) -> int:
        """The time of receipt, or one millisecond after the device's last if it is not later."""
        last = self._last.pop(device_id, None)
        stamped = received_at if last is None else max(received_at, last + 1)
        self._last[device_id] = stamped
        if len(self._last) > self._devices:
            self._last.popitem(last=False)
        return stamped
