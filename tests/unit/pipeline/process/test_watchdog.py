from __future__ import annotations

import asyncio

from pipeline.process.watchdog import EXIT_CODE, Progress, Watchdog
from tests.support.waiting import wait_until


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_check_that_stays_bad_for_its_patience_ends_the_process() -> None:
    clock, codes = Clock(), list[int]()
    watchdog = Watchdog(exit_process=codes.append, clock=clock)
    finding: list[str | None] = ["stuck"]
    watchdog.watch("stage", lambda: finding[0], 10)
    watchdog.check_once()
    clock.now += 9.9
    watchdog.check_once()
    assert codes == []
    clock.now += 0.1
    watchdog.check_once()
    assert codes == [EXIT_CODE]


def test_a_check_that_was_good_in_between_starts_over() -> None:
    clock, codes = Clock(), list[int]()
    watchdog = Watchdog(exit_process=codes.append, clock=clock)
    finding: list[str | None] = ["stuck"]
    watchdog.watch("stage", lambda: finding[0], 10)
    watchdog.check_once()
    clock.now += 8
    finding[0] = None
    watchdog.check_once()
    finding[0] = "stuck"
    clock.now += 8
    watchdog.check_once()
    assert codes == []


async def test_an_event_loop_that_does_not_turn_is_seen_from_a_thread() -> None:
    codes = list[int]()
    clock = Clock()
    watchdog = Watchdog(exit_process=codes.append, clock=clock, loop_patience_seconds=5)
    running = asyncio.create_task(watchdog.run())
    await asyncio.sleep(0)
    watchdog.check_once = lambda: None  # type: ignore[method-assign]  # the loop turns, but its beat stands still
    clock.now += 6
    await wait_until(lambda: codes, 5, "the thread to notice")
    running.cancel()
    assert codes[0] == EXIT_CODE


def test_progress_complains_only_while_work_waits_and_nothing_is_done() -> None:
    progress = Progress("stage")
    assert progress() is None
    progress.waiting = True
    assert progress() is not None
    progress.advance()
    assert progress() is None
    assert progress() is not None
    progress.waiting = False
    assert progress() is None
