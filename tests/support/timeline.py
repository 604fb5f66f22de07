"""A journal written second by second, for tests that say what happens when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline import events
from pipeline.alerts import AlertEvent, CommandOutcome, DeviceStatus, Output
from pipeline.events import Event, Reading, Scalar
from pipeline.fold import State, apply, new_state, step
from pipeline.policy import Policy
from pipeline.rules.model import Rule
from tests.support.event_logs import PARTITION, START


class Timeline:
    """Folds as it is written; `now` is seconds since START, and ticks come every second while time passes."""

    def __init__(self, rule: Rule | None = None, policy: Policy | None = None) -> None:
        self.state: State = new_state(PARTITION)
        self.now = 0.0
        self.outputs: list[Output] = []
        self.versions = 0
        if policy is not None:
            self.add(events.PolicyDefined(1, policy))
        if rule is not None:
            self.define(rule)
        self.add(events.Ticked(1_000))

    def add(self, event: Event | None) -> list[Output]:
        """Fold one event at the present journal time."""
        made = step(self.state, self.state.position + 1, START + round(self.now * 1000), event)
        apply(self.state, made)
        self.outputs += made.outputs
        return list(made.outputs)

    def define(self, rule: Rule, rule_id: str = "r") -> None:
        """Define a rule anew."""
        self.versions += 1
        self.add(events.RuleDefined(self.versions, rule_id, rule))

    def read(self, device_id: str = "d", late: float = 0, **values: Scalar) -> list[str]:
        """A reading of now, or so many seconds ago; returns the transitions it makes."""
        ts = START + round((self.now - late) * 1000)
        return transitions(self.add(events.Readings((Reading(device_id, ts, values),))))

    def read_values(self, values: Mapping[str, Scalar]) -> list[str]:
        """A reading of now, of any keys."""
        return self.read("d", 0, **dict(values))

    def wait(self, seconds: int) -> list[str]:
        """Time passes and ticks come; returns the transitions that they make."""
        made: list[Output] = []
        for _ in range(seconds):
            self.now += 1
            made += self.add(events.Ticked(1_000))
        return transitions(made)

    def outage(self, seconds: int) -> None:
        """Time passes while nobody listens."""
        self.now += seconds

    def word(self, kind: type, notes: str = "", alert_id: str | None = None, by: str = "ann") -> list[str]:
        """A person's word on the newest alert."""
        alerts = [it for it in self.outputs if isinstance(it, AlertEvent)]
        made: Any = kind(alert_id or alerts[-1].alert_id, alerts[-1].device_id, alerts[-1].rule_id, by, notes)
        return transitions(self.add(made))

    @property
    def last(self) -> AlertEvent:
        """The newest alert event."""
        return [it for it in self.outputs if isinstance(it, AlertEvent)][-1]


def transitions(outputs: list[Output]) -> list[str]:
    """What was said, in short."""
    said: list[str] = []
    for it in outputs:
        if isinstance(it, AlertEvent):
            said.append(it.transition)
        elif isinstance(it, CommandOutcome):
            said.append(f"{it.outcome} {it.reason}".strip())
        elif isinstance(it, DeviceStatus):
            said.append("clock_behind" if it.clock_behind else f"{it.status} by {it.by}")
        else:
            said.append(f"suspended {it.error}")
    return said
