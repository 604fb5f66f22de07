"""Durations: a start by two clocks. One has passed when the device's own time says so, or ticks have added up to it."""

from __future__ import annotations

from msgspec import Struct

NEVER = 2**62


class Mark(Struct, frozen=True, array_like=True, gc=False):
    """The device's time, at most the journal's, and the ticks added up until then; in milliseconds."""

    now: int
    ticked: int


def has_passed(since: Mark | None, now: Mark, seconds: int | None) -> bool:
    """Whether `seconds` have passed since a mark; a duration that is not there has."""
    if since is None or seconds is None:
        return True
    return now.now - since.now >= seconds * 1000 or now.ticked - since.ticked >= seconds * 1000


def due(since: Mark | None, seconds: int | None) -> int:
    """The ticks at which `seconds` will have passed."""
    return 0 if since is None or seconds is None else since.ticked + seconds * 1000
