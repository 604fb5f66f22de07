"""Alerts put together from transitions, and compared."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.alerts import Output
from pipeline.backtest import Candidate, Episode, Trial, compare, episodes_of, summarise
from tests.support.event_logs import START, rule
from tests.support.records import frame

MINUTE = 60_000


def outputs_of(values: list[float], limit: float, device: str = "d0") -> list[Output]:
    trial = Trial(0, Candidate.of(rule("threshold", key="a", operator=">", value=limit)), 0)
    for n, value in enumerate(values):
        at = START + n * MINUTE
        trial.take(n, at, frame((device, at, {"a": value})))
    return trial.outputs


def times(episode: Episode) -> tuple[int, int | None]:
    ended = None if episode.ended_at is None else (episode.ended_at - START) // MINUTE
    return (episode.opened_at - START) // MINUTE, ended


def test_an_alert_lasts_from_its_opening_to_its_end() -> None:
    outputs = outputs_of([1, 9, 9, 1, 9, 1, 9], 5)
    assert [times(each) for each in episodes_of(outputs)] == [(1, 3), (4, 5), (6, None)]
    assert episodes_of(outputs + outputs) == episodes_of(outputs), "repeats change nothing"


def test_a_summary_counts_and_measures() -> None:
    summary = summarise(outputs_of([1, 9, 9, 1, 9, 1, 9], 5), START, START + 43_200_000)
    assert (summary.raised, summary.ended, summary.still_open) == (3, 2, 1)
    assert summary.alerts_per_day == 6
    assert (summary.shortest, summary.median, summary.longest) == (MINUTE, 90_000, 2 * MINUTE)
    assert summary.by_device == (("d0", 3),)
    empty = summarise([], START, START + 1)
    assert (empty.raised, empty.shortest) == (0, None)


def test_a_difference_tells_added_removed_shifted_and_same() -> None:
    values = [1.0, 9, 9, 1, 7, 1, 3, 9, 1]
    old = episodes_of(outputs_of(values, 5))
    assert [times(each) for each in old] == [(1, 3), (4, 5), (7, 8)]
    higher = compare(old, episodes_of(outputs_of(values, 8)))
    assert [times(each) for each in higher.removed] == [(4, 5)]
    assert (len(higher.same), higher.added, higher.shifted) == (2, (), ())
    lower = compare(old, episodes_of(outputs_of(values, 2)))
    assert [(times(one), times(other)) for one, other in lower.shifted] == [((7, 8), (6, 8))]
    back = compare(episodes_of(outputs_of(values, 8)), old)
    assert [times(each) for each in back.added] == [(4, 5)]


def test_alerts_of_different_devices_never_belong_together() -> None:
    one = episodes_of(outputs_of([9, 1], 5, "d0"))
    other = episodes_of(outputs_of([9, 1], 5, "d1"))
    difference = compare(one, other)
    assert (len(difference.added), len(difference.removed)) == (1, 1)


_values = st.lists(st.sampled_from([1.0, 4.0, 6.0, 9.0]), max_size=30)


@given(_values, st.sampled_from([0.0, 3, 5, 7]), st.sampled_from([0.0, 3, 5, 7]))
def test_every_alert_is_in_a_difference_once(values: list[float], one: float, other: float) -> None:
    old, new = episodes_of(outputs_of(values, one)), episodes_of(outputs_of(values, other))
    difference = compare(old, new)
    pairs = (*difference.shifted, *difference.same)
    assert sorted([*difference.removed, *(pair[0] for pair in pairs)], key=times) == sorted(old, key=times)
    assert sorted([*difference.added, *(pair[1] for pair in pairs)], key=times) == sorted(new, key=times)
    if one == other:
        assert len(difference.same) == len(old)
