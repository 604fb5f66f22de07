"""Every type of condition with its parts. A new one is a model, a module of judgement and a line here."""

from __future__ import annotations

from pipeline.rules import absence, comparison, nesting, rate_of_change, statistical, threshold
from pipeline.rules.kind import TABLE, Kind
from pipeline.rules.wording import compared

KINDS: dict[str, Kind] = TABLE
KINDS.update(
    {
        "threshold": Kind(threshold.keys, threshold.judge, compared(threshold.sides)),
        "comparison": Kind(comparison.keys, comparison.judge, compared(comparison.sides)),
        "statistical": Kind(
            statistical.keys, statistical.judge, compared(statistical.sides), statistical.spans, statistical.windows
        ),
        "rate_of_change": Kind(
            rate_of_change.keys,
            rate_of_change.judge,
            compared(rate_of_change.sides),
            rate_of_change.spans,
            rate_of_change.windows,
        ),
        "absence": Kind(absence.keys, absence.judge, absence.words),
        "time_based": Kind(
            nesting.schedule_keys,
            nesting.judge_schedule,
            nesting.schedule_words,
            nesting.spans,
            nesting.schedule_windows,
        ),
        "compound": Kind(
            nesting.compound_keys,
            nesting.judge_compound,
            nesting.compound_words,
            nesting.spans,
            nesting.compound_windows,
        ),
    }
)
