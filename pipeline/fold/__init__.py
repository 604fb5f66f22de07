"""Detection as a fold over one partition of the journal: `state, alerts = step(state, event)`.

`step`         one record; the table of which event does what
`readings`     a frame: series, then judgement
`definitions`  rules, devices, silences, the policy
`transitions`  opening and resolving alerts
`plans`        which rules a reading concerns
`state`, `registry`, `work`, `tally`   what is known, what a step is made of
`snapshot`     the state in pieces of bytes, and back

FOLD_VERSION changes when the same journal would give another state: a snapshot of another version is folded anew.
"""

from __future__ import annotations

from pipeline.fold.state import NOT_YET, DeviceState, OpenAlert, State, Step, apply, new_state
from pipeline.fold.step import step
from pipeline.fold.tally import Tally

FOLD_VERSION: int = 1

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
