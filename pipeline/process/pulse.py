"""A process that was frozen (SIGSTOP, a suspended machine) has lost what it held by a session, whatever it believes."""

from __future__ import annotations

import asyncio

from pipeline.errors import PartitionLost

_BEAT_SECONDS = 0.5


async def feel_pulse(standstill_seconds: float) -> None:
    """Run until cancelled; raises PartitionLost as soon as the loop turns again after standing still so long.

    The limit must lie below the session's timeout by the time that a heartbeat may be old.
    """
    loop = asyncio.get_running_loop()
    last = loop.time()
    while True:
        await asyncio.sleep(_BEAT_SECONDS)
        stood_still, last = loop.time() - last - _BEAT_SECONDS, loop.time()
        if stood_still >= standstill_seconds:
            raise PartitionLost(f"this process stood still for {stood_still:.0f} s; its session may be over")
