"""`iiot report alarms`: whether the alarms serve those who must act on them."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.failures import reaching_postgres
from pipeline.cli.spans import Span, parse_span, spoken_span

if TYPE_CHECKING:
    from pipeline.quality import Alarm, AlarmReport
    from pipeline.settings import Settings

app = typer.Typer(help="Reports on the past.", no_args_is_help=True)
_SHOWN = 10


@app.callback()
def _group() -> None:
    """Keep the report's name a word of its own."""


@app.command()
def alarms(
    start: Annotated[
        str, typer.Option("--from", help="Where to begin: a time with its zone, or a time ago such as 7d.")
    ] = "7d",
    stop: Annotated[str, typer.Option("--to", help="Where to end: a time with its zone, a time ago, or now.")] = "now",
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON document.")] = False,
) -> None:
    """Report on alarm quality: floods, chattering and standing alarms, time to acknowledge, top rules and devices.

    More than 10 alarms in ten minutes are a flood; an alarm that comes three times in a minute chatters; one that
    lasts for more than 24 hours stands. Alarms count at the time they opened; silenced ones are only counted.

    Examples:

      iiot report alarms --from 7d

      iiot report alarms --from 2026-03-01T00:00:00+01:00 --to 2026-04-01T00:00:00+02:00 --json
    """
    from pipeline.quality import make_report
    from pipeline.settings import load_settings

    span = parse_span(start, stop)
    settings = load_settings()
    with reaching_postgres(settings):
        known = asyncio.run(_load(settings, span))
    report = make_report(known, span.start, span.stop)
    if as_json:
        import orjson

        print(orjson.dumps(document_of(report, span), option=orjson.OPT_INDENT_2).decode())
    else:
        print("\n".join(lines_of(report, span)))


async def _load(settings: Settings, span: Span) -> list[Alarm]:
    from sinks.postgres.connect import make_pool
    from sinks.postgres.stored_alarms import alarms_between

    async with make_pool(settings, max_size=1) as pool:
        return await alarms_between(pool, span.start, span.stop)


def lines_of(report: AlarmReport, span: Span) -> list[str]:
    """The report for a person."""
    from pipeline.instants import format_instant
    from pipeline.quality.rates import FLOOD_LIMIT

    rates, waits = report.rates, report.acknowledging
    lines = [f"alarms       {span}", f"opened       {report.alarms:,}, and {report.silenced:,} silenced"]
    lines.append(
        f"per 10 min   {rates.average:.3g} on average; {rates.floods:,} of {rates.periods:,} periods with more than "
        f"{FLOOD_LIMIT} ({rates.flooded_share:.1%})"
    )
    lines += [f"             {count:,} in the 10 min from {format_instant(at)}" for at, count in rates.worst]
    if waits.median is None or waits.ninetieth is None or waits.longest is None:
        lines.append(f"acknowledged none, {waits.never:,} not")
    else:
        lines.append(
            f"acknowledged {waits.acknowledged:,}, {waits.never:,} not; half within {spoken_span(waits.median)}, "
            f"90 % within {spoken_span(waits.ninetieth)}, all within {spoken_span(waits.longest)}"
        )
    lines.append(f"chattering   {len(report.chattering):,} (at least 3 times in a minute)")
    lines += [
        f"             {each.rule_name} on {each.device_id}: {each.openings:,} alarms, up to {each.worst:,} in a minute"
        for each in report.chattering[:_SHOWN]
    ]
    lines.append(f"standing     {len(report.standing):,} (longer than 24 h)")
    lines += [
        f"             {alarm.rule_name} on {alarm.device_id}, since {format_instant(alarm.opened_at)}: "
        f"{spoken_span((span.stop if alarm.ended_at is None else alarm.ended_at) - alarm.opened_at)}"
        for alarm in report.standing[:_SHOWN]
    ]
    for title, top in (("top rules", report.top_rules), ("top devices", report.top_devices)):
        lines.append(f"{title:<12} {'' if top else 'none'}".rstrip())
        lines += [f"             {name}: {count:,} ({count / report.alarms:.0%})" for name, count in top]
    return lines


def document_of(report: AlarmReport, span: Span) -> dict[str, Any]:
    """The report as JSON; instants in RFC 3339, durations in seconds."""
    from pipeline.instants import format_instant
    from pipeline.quality.rates import FLOOD_LIMIT

    def seconds(milliseconds: int | None) -> float | None:
        return None if milliseconds is None else milliseconds / 1000

    rates, waits = report.rates, report.acknowledging
    return {
        "from": format_instant(span.start),
        "to": format_instant(span.stop),
        "alarms": report.alarms,
        "silenced": report.silenced,
        "per_10_minutes": {
            "average": rates.average,
            "limit": FLOOD_LIMIT,
            "periods": rates.periods,
            "floods": rates.floods,
            "worst": [{"from": format_instant(at), "alarms": count} for at, count in rates.worst],
        },
        "acknowledging": {
            "acknowledged": waits.acknowledged,
            "never": waits.never,
            "median_seconds": seconds(waits.median),
            "p90_seconds": seconds(waits.ninetieth),
            "longest_seconds": seconds(waits.longest),
        },
        "chattering": [asdict(each) for each in report.chattering],
        "standing": [
            {
                "rule_id": alarm.rule_id,
                "device_id": alarm.device_id,
                "opened_at": format_instant(alarm.opened_at),
                "ended_at": None if alarm.ended_at is None else format_instant(alarm.ended_at),
            }
            for alarm in report.standing
        ],
        "top_rules": [{"rule_id": name, "alarms": count} for name, count in report.top_rules],
        "top_devices": [{"device_id": name, "alarms": count} for name, count in report.top_devices],
    }
