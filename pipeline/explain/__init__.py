"""Why an alert opened or resolved, from the alert event and its rule's version alone. Pure.

`facts`        what the event's evidence says was known
`judging`      each condition judged on these facts, in words
`explanation`  the transition that follows
"""

from pipeline.explain.explanation import Explanation, explain
from pipeline.explain.facts import Facts
from pipeline.explain.judging import Judged

__all__ = ["Explanation", "Facts", "Judged", "explain"]
