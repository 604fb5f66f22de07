"""What a backtest came to, as tables or as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson
from rich.markup import escape
from rich.table import Table

from pipeline.backtest import Candidate, Episode, Summary, compare, episodes_of, summarise
from pipeline.cli.backtesting import Backtested
from pipeline.cli.screens import make_console
from pipeline.cli.spans import Span, spoken_span
from pipeline.instants import format_instant

_MOST_SHOWN = 50


def print_backtest(candidate: Candidate, span: Span, done: Backtested, *, as_json: bool) -> None:
    """One rule's alerts and their summary."""
    outputs = done.outputs[0]
    episodes = episodes_of(outputs)
    begin = min((each.opened_at for each in episodes), default=span.stop - 1) if span.start == 0 else span.start
    summary = summarise(outputs, min(begin, span.stop - 1), span.stop)
    if as_json:
        _print_json(
            {
                "rule_id": candidate.rule_id,
                **_span_document(span, done),
                "summary": _summary_document(summary),
                "alerts": [_document(each) for each in episodes],
            }
        )
        return
    console = make_console()
    if episodes:
        console.print(_table(episodes))
    if len(episodes) > _MOST_SHOWN:
        print(f"… and {len(episodes) - _MOST_SHOWN:,} more; --json gives all")
    print(f"{candidate.rule_id}, {span if span.start else f'applied to {format_instant(span.stop)}'}: {_said(summary)}")
    for suspended in summary.suspended:
        print(f"suspended for {suspended.device_id}: {suspended.error}")
    _print_approximation(done)


def print_difference(span: Span, done: Backtested, *, as_json: bool) -> None:
    """What two rules say of the same stretch."""
    old, new = (episodes_of(outputs) for outputs in done.outputs)
    difference = compare(old, new)
    if as_json:
        shifted = [{"old": _document(one), "new": _document(other)} for one, other in difference.shifted]
        _print_json(
            {
                **_span_document(span, done),
                "added": [_document(each) for each in difference.added],
                "removed": [_document(each) for each in difference.removed],
                "shifted": shifted,
                "same": len(difference.same),
            }
        )
        return
    table = Table("", "device", "old", "new", "message", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    rows: list[tuple[str, Episode, Episode | None, Episode | None]] = [
        *[("added", each, None, each) for each in difference.added],
        *[("removed", each, each, None) for each in difference.removed],
        *[("shifted", other, one, other) for one, other in difference.shifted],
    ]
    rows.sort(key=lambda row: row[1].opened_at)
    for word, shown, one, other in rows[:_MOST_SHOWN]:
        table.add_row(word, shown.device_id, _times(one), _times(other), escape(shown.message))
    if rows:
        make_console().print(table)
    if len(rows) > _MOST_SHOWN:
        print(f"… and {len(rows) - _MOST_SHOWN:,} more; --json gives all")
    print(
        f"{span}: {len(old):,} alerts with the old rule, {len(new):,} with the new one: "
        f"{len(difference.added):,} added, {len(difference.removed):,} removed, "
        f"{len(difference.shifted):,} shifted, {len(difference.same):,} the same"
    )
    _print_approximation(done)


def _table(episodes: list[Episode]) -> Table:
    table = Table(
        "opened", "ended", "lasted", "severity", "device", "message", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for each in episodes[:_MOST_SHOWN]:
        ended = "open" if each.ended_at is None else format_instant(each.ended_at)
        lasted = "" if each.duration is None else spoken_span(each.duration)
        table.add_row(
            format_instant(each.opened_at), ended, lasted, each.severity, each.device_id, escape(each.message)
        )
    return table


def _said(summary: Summary) -> str:
    if not summary.raised:
        return "no alerts"
    parts = [
        f"{summary.raised:,} raised, {summary.ended:,} resolved, {summary.still_open:,} still open",
        f"{summary.alerts_per_day:.3g} a day on {len(summary.by_device):,} devices",
    ]
    if summary.shortest is not None and summary.median is not None and summary.longest is not None:
        parts.append(
            f"lasting {spoken_span(summary.shortest)} to {spoken_span(summary.longest)}, "
            f"half of them up to {spoken_span(summary.median)}"
        )
    return "; ".join(parts)


def _times(episode: Episode | None) -> str:
    if episode is None:
        return ""
    ended = "open" if episode.ended_at is None else format_instant(episode.ended_at)
    return f"{format_instant(episode.opened_at)} to {ended}"


def _document(episode: Episode) -> dict[str, Any]:
    ended = None if episode.ended_at is None else format_instant(episode.ended_at)
    seconds = None if episode.duration is None else episode.duration / 1000
    return {
        **asdict(episode), "opened_at": format_instant(episode.opened_at), "ended_at": ended, "seconds": seconds
    }  # fmt: skip


def _summary_document(summary: Summary) -> dict[str, Any]:
    def seconds(milliseconds: int | None) -> float | None:
        return None if milliseconds is None else milliseconds / 1000

    return {
        "raised": summary.raised,
        "ended": summary.ended,
        "still_open": summary.still_open,
        "alerts_per_day": summary.alerts_per_day,
        "shortest_seconds": seconds(summary.shortest),
        "median_seconds": seconds(summary.median),
        "longest_seconds": seconds(summary.longest),
        "by_device": dict(summary.by_device),
        "suspended": [{"device_id": each.device_id, "error": each.error} for each in summary.suspended],
    }


def _span_document(span: Span, done: Backtested) -> dict[str, Any]:
    start = format_instant(span.start) if span.start else "applied"
    return {"from": start, "to": format_instant(span.stop), "approximate": done.approximate or None}


def _print_approximation(done: Backtested) -> None:
    if done.approximate:
        print(f"approximate: {done.approximate}")


def _print_json(document: dict[str, Any]) -> None:
    print(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
