"""Hypothesis strategies for every event, alert and rule, as wide as their types allow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from hypothesis import strategies as st

from pipeline import events
from pipeline.alerts import (
    AlertEvent,
    Cause,
    Command,
    CommandOutcome,
    DeviceStatus,
    Evidence,
    Notify,
    Output,
    ReadingEvidence,
    RuleSuspended,
    TimerEvidence,
    Transition,
    WindowEvidence,
)
from pipeline.instants import EARLIEST, LATEST
from pipeline.policy import Policy
from pipeline.rules.model import SEVERITIES, Aggregate, Operator, Rule, parse_rule
from pipeline.selector import Selector

letters = st.characters(codec="utf-8", exclude_characters="\0")
text = st.text(letters, max_size=30)
names = st.text(letters, min_size=1, max_size=30)
identifiers = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
instants = st.integers(min_value=EARLIEST, max_value=LATEST)
integers = st.integers(min_value=-(2**63), max_value=2**63 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False)
scalars: st.SearchStrategy[events.Scalar] = st.one_of(integers, floats, st.booleans(), text)
counts = st.integers(min_value=0, max_value=2**53)
versions = st.integers(min_value=1, max_value=2**53)
severities = st.sampled_from(SEVERITIES)
keys = st.text(letters, min_size=1, max_size=12)
json = st.recursive(
    st.none() | scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
documents = st.dictionaries(text, json, max_size=4)


def _or_none(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


_durations = st.integers(min_value=1, max_value=2_678_400)
_times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
_windows = st.fixed_dictionaries(
    {"start": _times, "end": _times | st.just("24:00")},
    optional={"days": st.lists(st.sampled_from(("mon", "wed", "sun")), min_size=1, max_size=3)},
).filter(lambda window: window["start"] != window["end"])


def conditions(depth: int = 2) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """The conditions of each type, with the type's name; others inside at most `depth` deep."""
    plain = _conditions()
    if not depth:
        return plain
    inside = conditions(depth - 1).map(lambda kind: {"type": kind[0], **kind[1]})
    schedule = st.fixed_dictionaries(
        {
            "windows": st.lists(_windows, min_size=1, max_size=2),
            "timezone": st.sampled_from(("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")),
            "when": st.sampled_from(("inside", "outside")),
        },
        optional={"condition": inside},
    )
    parts = st.lists(inside, min_size=1, max_size=3)
    compound = st.fixed_dictionaries({"all": parts}) | st.fixed_dictionaries({"any": parts})
    return plain | st.tuples(st.just("time_based"), schedule) | st.tuples(st.just("compound"), compound)


def _conditions() -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    operators = st.sampled_from(get_args(Operator))
    threshold = st.fixed_dictionaries({"key": keys, "operator": operators, "value": scalars})
    comparison = st.fixed_dictionaries(
        {"key": keys, "operator": operators, "other_key": keys},
        optional={"factor": floats, "offset": floats, "max_age_seconds": st.integers(min_value=0, max_value=86_400)},
    )
    statistical = st.fixed_dictionaries(
        {
            "key": keys,
            "operator": operators,
            "value": floats,
            "aggregate": st.sampled_from(get_args(Aggregate)),
            "window_seconds": st.integers(min_value=1, max_value=2_678_400),
        },
        optional={"min_samples": st.integers(min_value=1, max_value=1_000_000)},
    )
    return st.one_of(
        st.tuples(st.just("threshold"), threshold),
        st.tuples(st.just("comparison"), comparison),
        st.tuples(st.just("statistical"), statistical),
        st.tuples(
            st.just("rate_of_change"),
            st.fixed_dictionaries(
                {
                    "key": keys,
                    "operator": operators,
                    "value": floats,
                    "window_seconds": st.integers(min_value=2, max_value=2_678_400),
                }
            ),
        ),
        st.tuples(st.just("absence"), st.fixed_dictionaries({"seconds": _durations}, optional={"key": keys})),
    )


def _actions() -> st.SearchStrategy[list[dict[str, Any]]]:
    email = st.fixed_dictionaries(
        {"type": st.just("email"), "recipients": st.lists(names, min_size=1, max_size=3)},
        optional={"severity": severities},
    )
    webhook = st.fixed_dictionaries({"type": st.just("webhook"), "url": names}, optional={"severity": severities})
    return st.lists(email | webhook, max_size=3)


def rules() -> st.SearchStrategy[Rule]:
    """Every rule type with every field."""
    common = st.fixed_dictionaries(
        {"name": names},
        optional={
            "rule_id": identifiers,
            "device_id": _or_none(identifiers),
            "severity": severities,
            "priority": st.integers(min_value=0, max_value=1000),
            "enabled": st.booleans(),
            "actions": _actions(),
            "response": text,
            "clear": conditions(1).map(lambda kind: {"type": kind[0], **kind[1]}),
            "clear_for_seconds": _durations,
            "cooldown_seconds": _durations,
        },
    )
    return st.builds(
        lambda kind, more: parse_rule({**more, "rule_type": kind[0], "conditions": kind[1]}), conditions(), common
    )


readings = st.builds(events.Reading, identifiers, instants, st.dictionaries(text, scalars, max_size=4))
devices = st.builds(events.Device, identifiers, text, _or_none(text), _or_none(text), st.booleans(), documents)
_selectors = st.builds(Selector, _or_none(text), _or_none(text), _or_none(st.dictionaries(text, scalars, max_size=2)))
silences = st.builds(
    events.Silence,
    identifiers,
    instants,
    instants,
    text,
    text,
    _or_none(identifiers),
    _or_none(identifiers),
    _or_none(severities),
    _or_none(_selectors),
)
_alert_command = (text, identifiers, identifiers, text, text)

EVENTS: Mapping[type, st.SearchStrategy[events.Event]] = {
    events.Readings: st.builds(events.Readings, st.lists(readings, max_size=4).map(tuple)),
    events.StatusReported: st.builds(
        events.StatusReported, identifiers, instants, text, st.dictionaries(text, scalars, max_size=3)
    ),
    events.CommandAnswered: st.builds(events.CommandAnswered, identifiers, instants, text, documents),
    events.Ticked: st.builds(events.Ticked, counts),
    events.PartitionTaken: st.builds(events.PartitionTaken, text),
    events.DeviceDefined: st.builds(events.DeviceDefined, versions, devices),
    events.DeviceRemoved: st.builds(events.DeviceRemoved, versions, identifiers),
    events.DeviceClockReset: st.builds(events.DeviceClockReset, identifiers),
    events.RuleDefined: st.builds(events.RuleDefined, versions, identifiers, rules()),
    events.RuleRemoved: st.builds(events.RuleRemoved, versions, identifiers),
    events.SilenceDefined: st.builds(events.SilenceDefined, versions, silences),
    events.SilenceRemoved: st.builds(events.SilenceRemoved, versions, identifiers),
    events.PolicyDefined: st.builds(
        events.PolicyDefined, versions, st.builds(Policy, st.booleans(), counts, counts, counts)
    ),
    events.AlertAcknowledged: st.builds(events.AlertAcknowledged, *_alert_command),
    events.AlertUnacknowledged: st.builds(events.AlertUnacknowledged, *_alert_command),
    events.AlertNoted: st.builds(events.AlertNoted, *_alert_command),
    events.AlertClosed: st.builds(events.AlertClosed, *_alert_command),
}
"""A strategy for each event type."""

causes = st.builds(Cause, text, counts, counts)
_evidence = st.builds(
    Evidence,
    st.lists(st.builds(ReadingEvidence, text, instants, scalars, counts, counts), max_size=3).map(tuple),
    st.lists(st.builds(WindowEvidence, text, text, counts, instants, instants, counts, floats), max_size=2).map(tuple),
    st.lists(st.builds(TimerEvidence, text, instants, counts), max_size=2).map(tuple),
)
alerts: st.SearchStrategy[AlertEvent] = st.builds(
    AlertEvent,
    alert_id=text,
    sequence=versions,
    transition=st.sampled_from(get_args(Transition)),
    rule_id=identifiers,
    rule_version=versions,
    rule_name=text,
    device_id=identifiers,
    severity=severities,
    message=text,
    value=_or_none(scalars),
    threshold=_or_none(scalars),
    unit=_or_none(text),
    context=st.dictionaries(text, _or_none(scalars), max_size=3),
    opened_at=instants,
    at=instants,
    cause=causes,
    evidence=_evidence,
    notify=st.sampled_from(get_args(Notify)),
    reason=text,
)
suspensions = st.builds(RuleSuspended, identifiers, versions, identifiers, text, instants, causes)
outcomes = st.builds(
    CommandOutcome,
    text,
    identifiers,
    identifiers,
    st.sampled_from(get_args(Command)),
    st.sampled_from(("unchanged", "refused")),
    text,
    text,
    instants,
    causes,
)
statuses = st.builds(
    DeviceStatus,
    identifiers,
    text,
    st.booleans(),
    st.sampled_from(("report", "reading", "silence", "clock")),
    instants,
    causes,
)
outputs: st.SearchStrategy[Output] = alerts | suspensions | outcomes | statuses
