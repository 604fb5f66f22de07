from __future__ import annotations

from bridge import leadership


def test_an_active_bridge_gives_up_before_its_session_can_have_ended_unnoticed() -> None:
    # The session runs from the last heartbeat, so a freeze that ends a session may be shorter by one interval.
    shortest_fatal_freeze_ms = leadership.SESSION_TIMEOUT_MS - leadership._HEARTBEAT_MS
    assert shortest_fatal_freeze_ms > leadership.STANDSTILL_SECONDS * 1000
