"""Choosing devices by what is defined of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class Described(Protocol):
    """What is defined of a device."""

    @property
    def device_type(self) -> str | None:
        """Its type."""

    @property
    def location(self) -> str | None:
        """Where it is."""

    @property
    def metadata(self) -> Mapping[str, object]:
        """Whatever else is known of it."""


@dataclass(frozen=True, slots=True)
class Selector:
    """Devices of which all that is given here is true; a device that nobody defined is never chosen."""

    device_type: str | None = None
    location: str | None = None
    metadata: Mapping[str, str | bool | int | float] | None = None
    """Each must equal the device's own entry of that name, kind included: true is not 1."""

    def chooses(self, device: Described | None) -> bool:
        """Whether the device is one of them."""
        if device is None:
            return False
        if self.device_type is not None and self.device_type != device.device_type:
            return False
        if self.location is not None and self.location != device.location:
            return False
        return all(_is_same(device.metadata.get(name), value) for name, value in (self.metadata or {}).items())


def _is_same(found: object, wanted: str | bool | int | float) -> bool:
    return found == wanted and isinstance(found, bool) is isinstance(wanted, bool)
