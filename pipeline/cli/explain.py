"""`iiot explain`: why an alert opened, and why it resolved."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.failures import reaching_postgres

if TYPE_CHECKING:
    from pipeline.alerts import AlertEvent
    from pipeline.explain import Explanation, Judged
    from pipeline.rules.model import Rule
    from pipeline.settings import Settings


def explain(
    alert_id: Annotated[str, typer.Argument(metavar="ALERT_ID", help="Its id, or how it begins.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON document.")] = False,
) -> None:
    """Explain an alert: the rule's version, the readings with their place in the journal, each condition and its truth.

    Each transition that a reading made is judged anew from its evidence alone.

    Example: iiot explain 5f0c
    """
    from pipeline.settings import load_settings

    settings = load_settings()
    with reaching_postgres(settings):
        events, rule = asyncio.run(_load(settings, alert_id))
    if as_json:
        import orjson

        print(orjson.dumps(_document(events, rule), option=orjson.OPT_INDENT_2).decode())
    else:
        print("\n".join(lines_of(events, rule)))


async def _load(settings: Settings, given: str) -> tuple[list[AlertEvent], Rule | None]:
    from sinks.postgres.connect import make_pool
    from sinks.postgres.stored_alerts import find_alert, rule_version, transitions_of

    async with make_pool(settings, max_size=1) as pool:
        alert = await find_alert(pool, given)
        events = await transitions_of(pool, alert.alert_id)
        return events, await rule_version(pool, alert.rule_id, alert.rule_version)


def lines_of(events: list[AlertEvent], rule: Rule | None) -> list[str]:
    """The explanation of an alert's transitions, for a person."""
    from pipeline.instants import format_instant

    first = events[0]
    lines = [
        f"alert   {first.alert_id}",
        f"rule    {first.rule_name} ({first.rule_id}, version {first.rule_version})",
        f"device  {first.device_id}",
    ]
    if rule is None:
        lines.append("        this version of the rule is not stored; its conditions cannot be judged anew")
    for event in events:
        lines += ["", f"{event.transition} at {format_instant(event.at)}: {event.message}"]
        cause = event.cause
        lines.append(f"  by      record {cause.offset} of {cause.topic}, partition {cause.partition}")
        if not event.evidence.readings:
            lines.append(f"  reason  {event.reason or 'no reading decided this'}")
            continue
        lines += [f"  {line}" for line in _evidence_lines(event)]
        if rule is not None:
            lines += [f"  {line}" for line in _judgement_lines(event, rule)]
    return lines


def _evidence_lines(event: AlertEvent) -> list[str]:
    from pipeline.instants import format_instant
    from pipeline.rules.wording import spoken, spoken_duration

    lines = [
        f"{'reading' if reading.offset == event.cause.offset else 'known'}"
        f" {reading.key} = {spoken(reading.value)} at {format_instant(reading.ts)}"
        f" (record {reading.offset}, entry {reading.index})"
        for reading in event.evidence.readings
    ]
    lines += [
        f"window  {window.aggregate} of {window.key} over {spoken_duration(window.window_seconds)} = "
        f"{spoken(window.value)}, of {window.count} readings after {format_instant(window.start)}"
        for window in event.evidence.windows
    ]
    return lines


def _judgement_lines(event: AlertEvent, rule: Rule) -> list[str]:
    from pipeline.explain import explain as judge_anew

    found = judge_anew(event, rule)
    lines = [_condition_line(each) for each in found.conditions]
    if found.transition == event.transition:
        lines.append(f"so      the alert was {event.transition}; judged anew from this evidence, the same follows")
    elif event.transition in ("raised", "resolved"):
        lines.append("so      judged anew from this evidence, this does not follow: please report it")
    return lines


def _condition_line(judged: Judged) -> str:
    from pipeline.rules.wording import spoken

    if judged.holds is None:
        return f"judged  {judged.condition}: not judged, {judged.why}"
    truth = "true" if judged.holds else "false"
    sides = ", ".join(spoken(side) for side in (judged.value, judged.threshold) if side is not None)
    return f"judged  {judged.condition}: {truth} ({sides})"


def _document(events: list[AlertEvent], rule: Rule | None) -> dict[str, Any]:
    from pipeline.alert_codec import alert_document
    from pipeline.explain import explain as judge_anew
    from pipeline.rules.model import rule_document

    transitions = []
    for event in events:
        found = judge_anew(event, rule) if rule is not None and event.evidence.readings else None
        transitions.append({**alert_document(event), "judged_anew": None if found is None else _judgement(found)})
    return {"rule": None if rule is None else rule_document(rule), "transitions": transitions}


def _judgement(found: Explanation) -> dict[str, Any]:
    return {"transition": found.transition, "conditions": [asdict(each) for each in found.conditions]}
