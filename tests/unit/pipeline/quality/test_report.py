"""The measures of alarm quality."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.quality import Alarm, make_report
from pipeline.quality.nuisance import chattering
from pipeline.quality.rates import rates_of

START = 1_750_000_000_000
MINUTE = 60_000
DAY = 86_400_000


def alarm(
    at: int, lasted: int | None = 1000, acknowledged: int | None = None, rule: str = "r", device: str = "d",
    silenced: bool = False,
) -> Alarm:  # fmt: skip
    opened = START + at
    return Alarm(
        rule, rule.upper(), device, opened, None if lasted is None else opened + lasted, opened,
        None if acknowledged is None else opened + acknowledged, silenced,
    )  # fmt: skip


def test_eleven_alarms_in_ten_minutes_are_a_flood_and_ten_are_none() -> None:
    ten = [alarm(n * MINUTE) for n in range(10)]
    report = make_report(ten, START, START + 60 * MINUTE)
    assert (report.alarms, report.rates.periods, report.rates.floods) == (10, 6, 0)
    report = make_report([*ten, alarm(10 * MINUTE - 1)], START, START + 60 * MINUTE)
    assert report.rates.floods == 1
    assert report.rates.worst == ((START, 11),)
    assert report.rates.average == 11 / 6
    assert report.rates.flooded_share == 1 / 6


def test_three_openings_in_a_minute_chatter_and_two_do_not() -> None:
    assert chattering([alarm(0), alarm(59_999)]) == ()
    assert chattering([alarm(0), alarm(30_000), alarm(60_000)]) == ()
    (found,) = chattering([alarm(0), alarm(30_000), alarm(59_999), alarm(59_999 + 2 * MINUTE)])
    assert (found.openings, found.worst, found.rule_name, found.device_id) == (3, 3, "R", "d")


def test_rules_and_devices_chatter_apart() -> None:
    assert chattering([alarm(0), alarm(1000, device="e"), alarm(2000, rule="s"), alarm(3000)]) == ()


def test_an_alarm_stands_after_more_than_a_day_also_when_it_opened_before() -> None:
    old = alarm(-3 * DAY, lasted=None)
    exactly = alarm(0, lasted=DAY)
    longer = alarm(0, lasted=DAY + 1, device="e")
    report = make_report([longer, exactly, old], START, START + 2 * DAY)
    assert report.standing == (old, longer)
    assert report.alarms == 2
    assert make_report([longer], START, START + DAY).standing == (), "it did not stand yet"


def test_the_time_to_acknowledge_is_measured_from_its_appearance() -> None:
    waits = [alarm(0, acknowledged=n * 1000) for n in range(1, 11)]
    found = make_report([*waits, alarm(5)], START, START + DAY).acknowledging
    assert (found.acknowledged, found.never) == (10, 1)
    assert (found.median, found.ninetieth, found.longest) == (5000, 9000, 10_000)
    assert make_report([alarm(5)], START, START + DAY).acknowledging.median is None


def test_silenced_alarms_are_only_counted() -> None:
    report = make_report([alarm(0), *[alarm(n, silenced=True) for n in range(20)]], START, START + DAY)
    assert (report.alarms, report.silenced, report.rates.floods, report.chattering) == (1, 20, 0, ())


def test_the_most_frequent_come_first() -> None:
    report = make_report([alarm(0, device="e"), alarm(1), alarm(2, device="e", rule="s")], START, START + DAY)
    assert report.top_rules == (("r", 2), ("s", 1))
    assert report.top_devices == (("e", 2), ("d", 1))


@given(st.lists(st.integers(min_value=0, max_value=3 * 600_000 - 1)), st.integers(min_value=1, max_value=600_000))
def test_every_alarm_is_in_one_period(times: list[int], cut: int) -> None:
    stop = 2 * 600_000 + cut
    inside = [at for at in times if at < stop]
    rates = rates_of([START + at for at in inside], START, START + stop)
    assert rates.periods == 3
    assert sum(count for _, count in rates.worst) == len(inside)
