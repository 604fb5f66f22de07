"""Definitions of rules, silences and the policy as rows: pure."""

from __future__ import annotations

from dataclasses import asdict

import orjson

from pipeline import events
from pipeline.journal.records import Record
from pipeline.rules.model import rule_document
from sinks.postgres.projection.rows import PolicyRow, RuleRow, SilenceRow


def rule_row(record: Record, event: events.RuleDefined | events.RuleRemoved) -> RuleRow:
    """The row of a rule's version."""
    if isinstance(event, events.RuleRemoved):
        return RuleRow(event.rule_id, event.version, event.rule_id, None, None, None, 0, False, None,
                       record.timestamp, record.offset)  # fmt: skip
    rule = event.rule
    return RuleRow(event.rule_id, event.version, rule.name, rule.device_id, rule.rule_type, rule.effective_severity,
                   rule.priority, rule.enabled, _json(rule_document(rule)),
                   record.timestamp, record.offset)  # fmt: skip


def silence_row(record: Record, event: events.SilenceDefined | events.SilenceRemoved) -> SilenceRow:
    """The row of a silence's version."""
    if isinstance(event, events.SilenceRemoved):
        return SilenceRow(event.silence_id, event.version, None, None, None, None, None, None, None,
                          record.timestamp, record.offset)  # fmt: skip
    silence = event.silence
    return SilenceRow(silence.silence_id, event.version, silence.starts_at, silence.ends_at, silence.reason,
                      silence.created_by, silence.device_id, silence.rule_id, silence.severity,
                      record.timestamp, record.offset)  # fmt: skip


def policy_row(record: Record, event: events.PolicyDefined) -> PolicyRow:
    """The row of the policy's version."""
    return PolicyRow(event.version, _json(asdict(event.policy)), record.timestamp, record.offset)


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
