"""What was known when a transition was decided, as the evidence in its event says."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.alerts import Evidence, ReadingEvidence, WindowEvidence


@dataclass(frozen=True, slots=True)
class Facts:
    """Evidence at the instant `at` (ms).

    A window is known by its aggregate: the readings behind it are not part of the evidence, but lie in the journal.
    """

    evidence: Evidence
    at: int

    def reading(self, key: str) -> ReadingEvidence | None:
        """The key's last reading in order."""
        return next((each for each in self.evidence.readings if each.key == key), None)

    def window(self, key: str, aggregate: str, seconds: int) -> WindowEvidence | None:
        """What a window amounted to when it was judged last."""
        for each in self.evidence.windows:
            if (each.key, each.aggregate, each.window_seconds) == (key, aggregate, seconds):
                return each
        return None

    @property
    def judged_at(self) -> int:
        """When the conditions were judged last: where a duration passed on a tick, at the reading before it."""
        if not self.evidence.timers:
            return self.at
        return max((each.ts for each in self.evidence.readings), default=self.at)

    def brought_by(self, offset: int) -> tuple[ReadingEvidence, ...]:
        """The readings that came with the record at this offset."""
        return tuple([each for each in self.evidence.readings if each.offset == offset])

    def without(self, offset: int) -> Facts:
        """The facts had the record at this offset not come: its readings, and windows that end with them, unknown."""
        left = tuple([each for each in self.evidence.readings if each.offset != offset])
        keys = {each.key for each in left}
        windows = tuple([each for each in self.evidence.windows if each.key in keys])
        return Facts(Evidence(left, windows), self.at)
