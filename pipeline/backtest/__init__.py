"""What a rule would have said: the journal folded again by the same evaluator, with nothing sent anywhere. Pure.

`trial`        one partition folded with a rule under test in place of the one of its id
`warm_up`      how far back a rule looks
`episodes`     transitions put together to alerts, and what they amount to
`difference`   what two rules say of the same stretch
"""

from pipeline.backtest.difference import Difference, compare
from pipeline.backtest.episodes import Episode, Summary, episodes_of, summarise
from pipeline.backtest.trial import Candidate, Trial
from pipeline.backtest.warm_up import warm_up_ms

__all__ = [
    "Candidate",
    "Difference",
    "Episode",
    "Summary",
    "Trial",
    "compare",
    "episodes_of",
    "summarise",
    "warm_up_ms",
]
