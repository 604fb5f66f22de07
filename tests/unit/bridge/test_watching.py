"""When a bridge gives up so that it is started anew."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from bridge.watching import watch_active, watch_standby
from pipeline.process.watchdog import EXIT_CODE, Progress, Watchdog


class _Bench:
    def __init__(self) -> None:
        self.now = 0.0
        self.exits: list[int] = []
        self.watchdog = Watchdog(exit_process=self.exits.append, clock=lambda: self.now)
        self.probe: Any = SimpleNamespace(answers=True, outages=0, alert_ends={0: 0})
        self.alive = True
        self.idle_seconds = 0.0
        self.session: Any = SimpleNamespace(
            epoch=1, thread_is_alive=lambda: self.alive, seconds_since_attempt=lambda: self.idle_seconds
        )
        self.forwarder: Any = SimpleNamespace(pending=0, progress=Progress("messages"))
        self.alerts: Any = SimpleNamespace(positions={0: 0}, progress=Progress("alerts"))

    def watch(self) -> None:
        watch_active(self.watchdog, self.session, self.forwarder, self.alerts, self.probe)

    def exits_after(self, seconds: float, meanwhile: Callable[[], None] = lambda: None) -> bool:
        for _ in range(int(seconds * 2)):
            meanwhile()
            self.watchdog.check_once()
            self.now += 0.5
        return self.exits[:1] == [EXIT_CODE]


@pytest.fixture
def bench() -> _Bench:
    return _Bench()


def test_an_idle_bridge_stays(bench: _Bench) -> None:
    bench.watch()
    assert not bench.exits_after(600)


def test_a_dead_mqtt_thread_ends_it(bench: _Bench) -> None:
    bench.watch()
    bench.alive = False
    assert bench.exits_after(3)


def test_a_connection_nobody_tries_to_make_ends_it(bench: _Bench) -> None:
    bench.watch()
    bench.idle_seconds = 89
    assert not bench.exits_after(10)
    bench.idle_seconds = 91
    assert bench.exits_after(3)


def test_messages_that_wait_while_kafka_answers_end_it_after_a_minute(bench: _Bench) -> None:
    bench.watch()
    bench.forwarder.pending = 1
    assert not bench.exits_after(55)
    assert bench.exits_after(10)


def test_messages_that_wait_for_kafka_do_not(bench: _Bench) -> None:
    bench.watch()
    bench.forwarder.pending = 1
    bench.probe.answers = False
    assert not bench.exits_after(600)


def test_alerts_that_nobody_publishes_end_it_after_a_minute(bench: _Bench) -> None:
    bench.watch()
    bench.probe.alert_ends = {0: 5}
    assert not bench.exits_after(55)
    assert bench.exits_after(10)


def test_alerts_that_wait_for_the_broker_do_not(bench: _Bench) -> None:
    bench.watch()
    bench.probe.alert_ends = {0: 5}
    bench.session.epoch = None
    assert not bench.exits_after(600)


def test_alerts_that_wait_behind_a_backlog_of_messages_do_not(bench: _Bench) -> None:
    bench.watch()
    bench.probe.alert_ends = {0: 5}

    def backlog() -> None:
        bench.forwarder.pending = 4000
        bench.forwarder.progress.advance(4000)

    assert not bench.exits_after(600, meanwhile=backlog)


def test_a_standby_leaves_once_kafka_is_back_from_an_outage(bench: _Bench) -> None:
    watch_standby(bench.watchdog, bench.probe)
    bench.probe.answers, bench.probe.outages = False, 1
    assert not bench.exits_after(600)
    bench.probe.answers = True
    assert bench.exits_after(2)


def test_the_active_bridge_does_not(bench: _Bench) -> None:
    standing_by = watch_standby(bench.watchdog, bench.probe)
    standing_by.over = True
    bench.probe.outages = 1
    assert not bench.exits_after(10)
