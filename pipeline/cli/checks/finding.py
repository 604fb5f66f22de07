"""What a check says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact about one subject, in words. Where something is wrong, `remedy` says what to do."""

    subject: str
    observation: str
    remedy: str = ""

    @property
    def is_good(self) -> bool:
        """Whether nothing has to be done."""
        return not self.remedy
