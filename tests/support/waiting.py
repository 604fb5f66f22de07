"""Waiting for a condition with a deadline, instead of sleeping and hoping."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

POLL_SECONDS = 0.05


async def wait_until(
    condition: Callable[[], object] | Callable[[], Awaitable[object]],
    deadline_seconds: float,
    what: str,
) -> None:
    """Poll a plain or async condition until it is true.

    Raises AssertionError that names `what` was waited for, and the last exception if the condition
    raised instead of answering: a server that is starting may do so.
    """
    end = time.monotonic() + deadline_seconds
    while True:
        last_error: Exception | None = None
        try:
            answer = condition()
            if isinstance(answer, Awaitable):
                answer = await asyncio.wait_for(answer, max(0.1, end - time.monotonic()))
            if answer:
                return
        except AssertionError:
            raise
        except Exception as error:
            last_error = error
        if time.monotonic() >= end:
            raise AssertionError(f"waited {deadline_seconds:g} s in vain for: {what}") from last_error
        await asyncio.sleep(POLL_SECONDS)


def wait_until_blocking(condition: Callable[[], object], deadline_seconds: float, what: str) -> None:
    """Do the same from plain code; the condition must not raise."""
    end = time.monotonic() + deadline_seconds
    while not condition():
        if time.monotonic() >= end:
            raise AssertionError(f"waited {deadline_seconds:g} s in vain for: {what}")
        time.sleep(POLL_SECONDS)
