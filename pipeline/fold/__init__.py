"""Detection as a fold over one partition of the journal: `state, alerts = step(state, event)`.

`step`         one record; the table of which event does what
`readings`     a frame: series, then judgement
`ticks`        passing time: what is due, silences that end
`definitions`  rules, devices, silences, the policy
`people`       acknowledging, noting, closing
`presence`     online, offline, clocks that are behind
`judging`, `weighing`, `transitions`   from a rule's condition by way of its durations to what is said
`hearing`, `notifying`                 what rules wait for; silences and storms
`plans`        which rules a reading concerns
`state`, `registry`, `marks`, `moment`, `work`, `tally`   what is known, what a step is made of
`snapshot`     the state in pieces of bytes, and back

FOLD_VERSION changes when the same journal would give another state: a snapshot of another version is folded anew.
"""

from __future__ import annotations

from pipeline.fold.state import NOT_YET, DeviceState, OpenAlert, State, Step, apply, new_state
from pipeline.fold.step import step
from pipeline.fold.tally import Tally

FOLD_VERSION: int = 2

__all__ = [
    "FOLD_VERSION",
    "NOT_YET",
    "DeviceState",
    "OpenAlert",
    "State",
    "Step",
    "Tally",
    "apply",
    "new_state",
    "step",
]
