from __future__ import annotations

import asyncio
import time

import pytest

from pipeline.errors import PartitionLost
from pipeline.process import pulse


async def test_a_loop_that_stood_still_for_longer_than_a_session_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "_BEAT_SECONDS", 0.02)
    feeling = asyncio.create_task(pulse.feel_pulse(0.3))
    await asyncio.sleep(0.1)
    assert not feeling.done()
    time.sleep(0.5)  # as a frozen process does: nothing turns
    with pytest.raises(PartitionLost, match="stood still"):
        await asyncio.wait_for(feeling, 1)
