"""Libraries that repeat themselves are heard once in a while; the platform always."""

from __future__ import annotations

import logging

from pipeline.process.repeats import EVERY_SECONDS, RepeatFilter


def _record(name: str, message: str, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, "", 0, message, arguments, None)


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_library_says_the_same_once_in_a_while_and_how_often_it_did() -> None:
    clock = _Clock()
    repeats = RepeatFilter(clock)
    assert repeats.filter(_record("aiokafka", "no node %s", 1))
    assert not any(repeats.filter(_record("aiokafka", "no node %s", n)) for n in range(5))
    clock.now = EVERY_SECONDS
    again = _record("aiokafka", "no node %s", 1)
    assert repeats.filter(again)
    assert again.getMessage() == "no node 1 (5 more like it)"


def test_another_message_is_let_through() -> None:
    repeats = RepeatFilter(_Clock())
    assert repeats.filter(_record("aiokafka", "one"))
    assert repeats.filter(_record("aiokafka", "another"))
    assert repeats.filter(_record("aiokafka.consumer", "one"))


def test_the_platforms_own_lines_are_all_written() -> None:
    repeats = RepeatFilter(_Clock())
    assert all(repeats.filter(_record("iiot.bridge", "connected")) for _ in range(3))
