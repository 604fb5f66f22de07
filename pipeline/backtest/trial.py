"""One partition folded with a rule under test; everything but that rule is as the journal has it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.alerts import AlertEvent, Output, RuleSuspended
from pipeline.events import (
    AlertAcknowledged,
    AlertClosed,
    AlertNoted,
    AlertUnacknowledged,
    Event,
    Reading,
    Readings,
    RuleDefined,
    RuleRemoved,
)
from pipeline.fold import apply, new_state, step
from pipeline.identifiers import slug
from pipeline.rules.model import Rule, rule_document

_ANSWERS = (AlertAcknowledged, AlertUnacknowledged, AlertNoted, AlertClosed)
_BLANK = Reading("", 0, {})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule under test, in force whether it is enabled or not, and the id that stands in its alerts."""

    rule_id: str
    rule: Rule

    @classmethod
    def of(cls, rule: Rule) -> Candidate:
        """The rule under its own id, or the one made of its name; raises InvalidInput if that makes none."""
        rule_id = rule.rule_id or slug(rule.name)
        return cls(rule_id, rule.model_copy(update={"rule_id": rule_id, "enabled": True}))

    def is_defined_by(self, event: Event | None) -> bool:
        """Whether the event defines just this rule."""
        if not isinstance(event, RuleDefined) or event.rule_id != self.rule_id:
            return False
        return rule_document(event.rule) == rule_document(self.rule.model_copy(update={"rule_id": event.rule.rule_id}))


class Trial:
    """Takes the records of one partition in order and keeps what the rule under test says.

    With `begin` the rule is in force from that offset on, as if it had been applied anew right before that record:
    what the journal says about the rule of that id is passed over. With None it is in force from the first record that
    defines just this rule, and says from there on exactly what detection said, ids included, until the journal changes
    it, which is passed over. Other rules stay, for windows are shared. With `only_device` nothing else is folded,
    so that storms are judged by this device alone.
    """

    def __init__(self, partition: int, candidate: Candidate, begin: int | None, only_device: str | None = None) -> None:
        self.outputs: list[Output] = []
        self.began = False
        self._candidate = candidate
        self._begin = begin
        self._only_device = only_device
        self._version = 1
        self._state = new_state(partition)

    def seed(self, event: Event, timestamp: int) -> None:
        """Let a definition hold whose record is no longer there; before the next record, at its journal time."""
        state = replace(self._state, position=self._state.position - 1)
        apply(state, step(state, self._state.position, timestamp, event))
        self._state = state

    def take(self, offset: int, timestamp: int, event: Event | None) -> None:
        """Fold the next record; None is one that can't be decoded. Offsets may have gaps."""
        if not self.began and self._begins_at(offset, event):
            self.began = True
            if self._begin is not None:
                defined = RuleDefined(self._version, self._candidate.rule_id, self._candidate.rule)
                self.seed(defined, self._state.journal_time)
                event = self._chosen(event)
        else:
            event = self._chosen(event)
        made = step(self._state, offset, timestamp, event)
        if self.began:
            self.outputs += [output for output in made.outputs if self._is_ours(output)]
        apply(self._state, made)

    def _begins_at(self, offset: int, event: Event | None) -> bool:
        if self._begin is None:
            return self._candidate.is_defined_by(event)
        return offset >= self._begin

    def _chosen(self, event: Event | None) -> Event | None:
        """The event as it is to be folded: without what concerns the rule's place in the journal."""
        if isinstance(event, RuleDefined | RuleRemoved) and event.rule_id == self._candidate.rule_id:
            if self._begin is None and not self.began:
                return event
            if not self.began:
                self._version = max(self._version, event.version + 1)
            return None
        if isinstance(event, _ANSWERS) and event.rule_id == self._candidate.rule_id and self._begin is not None:
            return None  # they were given to alerts of another version
        if isinstance(event, Readings) and self._only_device is not None:
            return _only(event, self._only_device)
        return event

    def _is_ours(self, output: Output) -> bool:
        if not isinstance(output, AlertEvent | RuleSuspended) or output.rule_id != self._candidate.rule_id:
            return False
        return self._only_device is None or output.device_id == self._only_device


def _only(frame: Readings, device_id: str) -> Readings | None:
    """The frame with blanks for other devices: a reading's place in its frame is part of what it is."""
    if not any(entry.device_id == device_id for entry in frame.entries):
        return None
    return Readings(tuple([entry if entry.device_id == device_id else _BLANK for entry in frame.entries]))
